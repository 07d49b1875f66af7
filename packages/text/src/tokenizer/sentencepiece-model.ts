import { ProtobufReader } from "./protobuf-reader.ts"
import { TokenizerError } from "./tokenizer-error.ts"

const PIECE_TYPES = [undefined, "normal", "unknown", "control", "user-defined", "unused", "byte"] as const
const MODEL_TYPES = [undefined, "UNIGRAM", "BPE", "WORD", "CHAR"] as const

/** What a piece is for; only normal, user-defined and unused ones are looked for in a text. */
type PieceType = Exclude<(typeof PIECE_TYPES)[number], undefined>

/** One row of the vocabulary; its id is its position. */
export interface Piece {
  readonly text: string
  /** Log probability. */
  readonly score: number
  readonly type: PieceType
}

/** The parts of a `ModelProto` that decide how a text is encoded. */
export interface SentencePieceModel {
  readonly pieces: ReadonlyArray<Piece>
  readonly unkId: number
  readonly byteFallback: boolean
  readonly treatWhitespaceAsSuffix: boolean
  readonly addDummyPrefix: boolean
  readonly removeExtraWhitespaces: boolean
  readonly escapeWhitespaces: boolean
  /** Empty when the model does not normalise. */
  readonly precompiledCharsmap: Uint8Array
}

type Draft = { -readonly [Key in keyof SentencePieceModel]: SentencePieceModel[Key] } & {
  pieces: Piece[]
  modelType: number
}

/**
 * Reads a SentencePiece model (`spiece.model`, a protobuf `ModelProto`).
 * Throws a TokenizerError for damaged bytes, a model that is not unigram and a vocabulary that contradicts itself.
 */
export function parseSentencePieceModel(bytes: Uint8Array, name = "spiece.model"): SentencePieceModel {
  const draft: Draft = {
    pieces: [],
    unkId: -1,
    byteFallback: false,
    treatWhitespaceAsSuffix: false,
    addDummyPrefix: true,
    removeExtraWhitespaces: true,
    escapeWhitespaces: true,
    precompiledCharsmap: new Uint8Array(0),
    modelType: 1,
  }
  const reader = new ProtobufReader(bytes, name)
  for (let field = reader.next(); field !== undefined; field = reader.next()) {
    if (field === 1) draft.pieces.push(readPiece(reader.message(), name, draft.pieces.length))
    else if (field === 2) readTrainerSpec(reader.message(), draft)
    else if (field === 3) readNormalizerSpec(reader.message(), draft)
    else reader.skip()
  }
  const { modelType, ...model } = draft
  if (modelType !== 1)
    throw new TokenizerError({
      message: `${name} is a ${MODEL_TYPES[modelType] ?? `type ${modelType}`} model; only UNIGRAM models, as T5 and UMT5 have, can be used.`,
    })
  return { ...model, unkId: checkVocabulary(model, name) }
}

function readPiece(reader: ProtobufReader, name: string, id: number): Piece {
  let text = ""
  let score = 0
  let type: PieceType | undefined = "normal"
  for (let field = reader.next(); field !== undefined; field = reader.next()) {
    if (field === 1) {
      try {
        text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(reader.bytes())
      } catch (error) {
        if (error instanceof TokenizerError) throw error
        throw new TokenizerError({ message: `${name} is damaged: piece ${id} is not UTF-8; download the file again.` })
      }
    } else if (field === 2) score = reader.float()
    else if (field === 3) type = PIECE_TYPES[reader.int32()]
    else reader.skip()
  }
  if (type === undefined) throw new TokenizerError({ message: `${name}: piece ${id} ("${text}") has an unknown type.` })
  return { text, score, type }
}

function readTrainerSpec(reader: ProtobufReader, draft: Draft): void {
  for (let field = reader.next(); field !== undefined; field = reader.next()) {
    if (field === 3) draft.modelType = reader.int32()
    else if (field === 24) draft.treatWhitespaceAsSuffix = reader.bool()
    else if (field === 35) draft.byteFallback = reader.bool()
    else reader.skip()
  }
}

function readNormalizerSpec(reader: ProtobufReader, draft: Draft): void {
  for (let field = reader.next(); field !== undefined; field = reader.next()) {
    if (field === 2) draft.precompiledCharsmap = reader.bytes()
    else if (field === 3) draft.addDummyPrefix = reader.bool()
    else if (field === 4) draft.removeExtraWhitespaces = reader.bool()
    else if (field === 5) draft.escapeWhitespaces = reader.bool()
    else reader.skip()
  }
}

/** The id of the unknown piece, after the checks that SentencePiece makes when it loads a model. */
function checkVocabulary(model: Omit<SentencePieceModel, "unkId">, name: string): number {
  const fail = (what: string): TokenizerError => new TokenizerError({ message: `${name}: ${what}.` })
  const found = new Set<string>()
  const reserved = new Set<string>()
  let unkId = -1
  let byteCount = 0
  for (const [id, { text, type }] of model.pieces.entries()) {
    const names = type === "normal" || type === "user-defined" || type === "unused" ? found : reserved
    if (text === "") throw fail(`piece ${id} is empty`)
    if (names.has(text)) throw fail(`piece ${id} ("${text}") is defined twice`)
    names.add(text)
    if (type === "unknown") {
      if (unkId >= 0) throw fail(`pieces ${unkId} and ${id} are both of type UNKNOWN, and one was expected`)
      unkId = id
    }
    if (type === "byte") {
      if (!/^<0x[0-9A-F]{2}>$/.test(text)) throw fail(`piece ${id} ("${text}") is not a byte such as <0x0A>`)
      byteCount++
    }
  }
  if (unkId < 0) throw fail(`none of the ${model.pieces.length} pieces is of type UNKNOWN, and one was expected`)
  if (found.size === 0) throw fail("it has no piece that could be found in a text")
  if (byteCount !== (model.byteFallback ? 256 : 0))
    throw fail(
      `it has ${byteCount} byte pieces, and ${model.byteFallback ? 256 : 0} were expected as byte_fallback is ${model.byteFallback}`,
    )
  return unkId
}
