import * as Schema from "effect/Schema"
import { type AddedToken, AddedTokenSplitter } from "./added-tokens.ts"
import { readEosToken, toNormalizer, toPreTokenizer } from "./json-components.ts"
import { type JsonFile, readJson, toAddedToken, TokenId } from "./tokenizer-config.ts"
import { ModelError } from "@auteur/core"
import { Unigram } from "./unigram.ts"

const Flag = Schema.optionalKey(Schema.Boolean)
const FileSchema = Schema.Struct({
  added_tokens: Schema.Array(
    Schema.Struct({
      id: TokenId,
      content: Schema.String,
      special: Flag,
      lstrip: Flag,
      rstrip: Flag,
      single_word: Flag,
      normalized: Flag,
    }),
  ),
  normalizer: Schema.optionalKey(Schema.Unknown),
  pre_tokenizer: Schema.optionalKey(Schema.Unknown),
  post_processor: Schema.optionalKey(Schema.Unknown),
  model: Schema.Struct({
    type: Schema.optionalKey(Schema.String),
    unk_id: Schema.optionalKey(Schema.NullOr(Schema.Int)),
    byte_fallback: Flag,
    vocab: Schema.Unknown,
  }),
})

/** A vocabulary from a `tokenizer.json`, ready to encode. */
interface TokenizerJson {
  /** Pieces by id. */
  readonly pieces: ReadonlyArray<string>
  readonly addedTokens: ReadonlyArray<AddedToken>
  readonly unkId: number
  /** The token that the post-processor puts at the end. */
  readonly eosToken: string
  /** The ids of a whole text with its added tokens, without the end token. */
  readonly encode: (text: string) => number[]
}

/**
 * Reads a `tokenizer.json` of the tokenizers library with a Unigram model, as T5 and UMT5 folders have.
 * Throws a `ModelError` that names the first component that it cannot run.
 */
export function parseTokenizerJson(file: JsonFile): TokenizerJson {
  const json = readJson("tokenizer.json", file, FileSchema)
  const { type = "Unigram", unk_id: unkId, byte_fallback: byteFallback = false } = json.model
  if (type !== "Unigram")
    throw new ModelError({
      message: `tokenizer.json: the model is "${type}", but only Unigram models can be used: use the tokenizer of a T5 or UMT5 text encoder.`,
    })
  const { pieces, scores } = readVocabulary(json.model.vocab)
  if (typeof unkId !== "number" || unkId < 0 || unkId >= pieces.length)
    throw new ModelError({
      message: `tokenizer.json: unk_id is ${unkId}, but an id below ${pieces.length} is expected: download the file again.`,
    })
  const lowestScore = scores.reduce((lowest, score) => Math.min(lowest, score), Infinity)
  const unigram = new Unigram({ scores, unkId, lowestScore, highestScore: 0, alwaysChosen: new Set() })
  const encoder = new TextEncoder()
  for (const [id, piece] of pieces.entries()) unigram.trie.insert(encoder.encode(piece), id)
  const byteIds = Array.from({ length: 256 }, (_, byte) =>
    unigram.trie.get(encoder.encode(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`)),
  )

  const normalize = toNormalizer(json.normalizer)
  const preTokenize = toPreTokenizer(json.pre_tokenizer)
  const addedTokens = json.added_tokens.map((token) => toAddedToken(token.id, token))
  const beforeNormalizing = new AddedTokenSplitter(addedTokens.filter((token) => !token.normalized))
  const afterNormalizing = new AddedTokenSplitter(
    addedTokens.filter((token) => token.normalized).map((token) => ({ ...token, content: normalize(token.content) })),
  )

  /** The ids of the unknown pieces from `first` on: one unknown id, or their bytes with byte fallback. */
  const unknownRun = (bytes: Uint8Array, ids: number[], starts: number[], first: number): number[] => {
    let next = first + 1
    while (ids[next] === unkId) next++
    const run = bytes.subarray(starts[first], starts[next])
    const asBytes = Array.from(run, (byte) => byteIds[byte] ?? -1)
    return byteFallback && unigram.trie.get(run) < 0 && !asBytes.includes(-1) ? asBytes : [unkId]
  }
  const encodeWord = (word: string, out: number[]): void => {
    const bytes = encoder.encode(word)
    const { ids, starts } = unigram.segment(bytes)
    for (const [index, id] of ids.entries()) {
      if (id !== unkId) out.push(id)
      else if (ids[index - 1] !== unkId) for (const part of unknownRun(bytes, ids, starts, index)) out.push(part)
    }
  }
  const encode = (text: string): number[] => {
    const out: number[] = []
    for (const raw of beforeNormalizing.split({ text, atStart: true })) {
      const segments =
        raw.id === undefined ? afterNormalizing.split({ text: normalize(raw.text), atStart: raw.atStart }) : [raw]
      for (const segment of segments) {
        if (segment.id !== undefined) out.push(segment.id)
        else for (const word of preTokenize(segment)) encodeWord(word.text, out)
      }
    }
    return out
  }
  return { pieces, addedTokens, unkId, eosToken: readEosToken(json.post_processor), encode }
}

function readVocabulary(vocab: unknown): { pieces: string[]; scores: Float64Array } {
  if (!Array.isArray(vocab) || vocab.length === 0)
    throw new ModelError({
      message: "tokenizer.json: model.vocab is not a list of [piece, score]: download the file again.",
    })
  const pieces: string[] = []
  const scores = new Float64Array(vocab.length)
  for (const [id, entry] of vocab.entries()) {
    const [piece, score]: unknown[] = Array.isArray(entry) ? entry : []
    if (typeof piece !== "string" || piece === "" || typeof score !== "number")
      throw new ModelError({
        message: `tokenizer.json: model.vocab[${id}] is not a [piece, score]: download the file again.`,
      })
    pieces.push(piece)
    scores[id] = score
  }
  return { pieces, scores }
}
