import { ModelError } from "@auteur/core"

const PIECE_TYPES = [undefined, "normal", "unknown", "control", "user-defined", "unused", "byte"] as const
const MODEL_TYPES = [undefined, "UNIGRAM", "BPE", "WORD", "CHAR"] as const

/** The kind of a piece; only normal and user-defined ones are looked for in a text. */
type PieceType = Exclude<(typeof PIECE_TYPES)[number], undefined>

/** One row of the vocabulary; its id is its position. */
export interface Piece {
  readonly text: string
  /** Log probability. */
  readonly score: number
  readonly type: PieceType
}

/** The fields of a `ModelProto` that decide how a text is encoded. */
export interface SentencePieceModel {
  readonly pieces: ReadonlyArray<Piece>
  readonly unkId: number
  readonly byteFallback: boolean
  readonly treatWhitespaceAsSuffix: boolean
  readonly addDummyPrefix: boolean
  readonly removeExtraWhitespaces: boolean
  readonly escapeWhitespaces: boolean
  /** Empty when the model does not normalize. */
  readonly precompiledCharsmap: Uint8Array
}

type Draft = { -readonly [Key in keyof SentencePieceModel]: SentencePieceModel[Key] } & {
  pieces: Piece[]
  modelType: number
}

/**
 * Reads a SentencePiece model (`spiece.model`, a protobuf `ModelProto`).
 * Throws a `ModelError` for damaged bytes, a model that is not unigram, or an inconsistent vocabulary.
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
    throw new ModelError({
      message: `${name} is a ${MODEL_TYPES[modelType] ?? `type ${modelType}`} model, but only UNIGRAM models, as T5 and UMT5 have, can be used: use the tokenizer of such a text encoder.`,
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
        if (error instanceof ModelError) throw error
        throw new ModelError({ message: `${name} is damaged: piece ${id} is not UTF-8: download the file again.` })
      }
    } else if (field === 2) score = reader.float()
    else if (field === 3) type = PIECE_TYPES[reader.int32()]
    else reader.skip()
  }
  if (type === undefined)
    throw new ModelError({ message: `${name}: piece ${id} ("${text}") has an unknown type: download the file again.` })
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

/** Makes the checks of SentencePiece when it loads a model, and returns the id of the unknown piece. */
function checkVocabulary(model: Omit<SentencePieceModel, "unkId">, name: string): number {
  const fail = (what: string): ModelError => new ModelError({ message: `${name}: ${what}: download the file again.` })
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

const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

/** Reads the Protocol Buffers wire format, field by field; every error names the file and the byte. */
class ProtobufReader {
  readonly #bytes: Uint8Array
  readonly #name: string
  readonly #start: number
  #at = 0
  #field = 0
  #wire = 0

  constructor(bytes: Uint8Array, name: string, start = 0) {
    this.#bytes = bytes
    this.#name = name
    this.#start = start
  }

  #fail(what: string): ModelError {
    return new ModelError({
      message: `${this.#name} is damaged: ${what} at byte ${this.#start + this.#at}: download the file again.`,
    })
  }

  /** The low 32 bits of a varint, and whether a bit above them is set (`wide`). */
  #varint(): { low: number; wide: boolean } {
    let low = 0
    let wide = false
    for (let index = 0; index < 10; index++) {
      const byte = this.#bytes[this.#at]
      if (byte === undefined) throw this.#fail("it ends inside a number")
      this.#at++
      const bits = byte & 0x7f
      if (index < 5) low |= bits << (7 * index)
      if (index > 4 ? bits !== 0 : index === 4 && bits > 0xf) wide = true
      if (byte < 0x80) return { low, wide }
    }
    throw this.#fail("a number is longer than ten bytes")
  }

  #take(count: number): number {
    if (count > this.#bytes.length - this.#at) throw this.#fail(`it ends inside a field of ${count} bytes`)
    const from = this.#at
    this.#at += count
    return from
  }

  #expect(wire: number): void {
    if (this.#wire !== wire)
      throw this.#fail(`field ${this.#field} has wire type ${this.#wire}, and ${wire} was expected,`)
  }

  /** Moves to the next field and returns its number, or undefined at the end. */
  next(): number | undefined {
    if (this.#at === this.#bytes.length) return undefined
    const { low, wide } = this.#varint()
    this.#field = low >>> 3
    this.#wire = low & 7
    if (wide || this.#field === 0) throw this.#fail("a field has an impossible number")
    return this.#field
  }

  int32(): number {
    this.#expect(WIRE.varint)
    return this.#varint().low
  }

  bool(): boolean {
    this.#expect(WIRE.varint)
    const { low, wide } = this.#varint()
    return low !== 0 || wide
  }

  float(): number {
    this.#expect(WIRE.fixed32)
    const from = this.#take(4)
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + from, 4).getFloat32(0, true)
  }

  bytes(): Uint8Array {
    this.#expect(WIRE.bytes)
    const { low, wide } = this.#varint()
    if (wide || low < 0) throw this.#fail("a field has an impossible length")
    const from = this.#take(low)
    return this.#bytes.subarray(from, from + low)
  }

  message(): ProtobufReader {
    const bytes = this.bytes()
    return new ProtobufReader(bytes, this.#name, this.#start + this.#at - bytes.length)
  }

  skip(): void {
    if (this.#wire === WIRE.varint) this.#varint()
    else if (this.#wire === WIRE.fixed64) this.#take(8)
    else if (this.#wire === WIRE.fixed32) this.#take(4)
    else if (this.#wire === WIRE.bytes) this.bytes()
    else throw this.#fail(`field ${this.#field} has the unknown wire type ${this.#wire}`)
  }
}
