import { type AddedToken, AddedTokenSplitter } from "./added-tokens.ts"
import { SentencePiece } from "./sentencepiece.ts"
import {
  addedTokensOf,
  type ConfigFiles,
  type JsonFile,
  readTokenizerConfig,
  type TokenizerConfig,
} from "./tokenizer-config.ts"
import { ModelError } from "@auteur/core"
import { parseTokenizerJson } from "./tokenizer-json.ts"

/** The files of a tokenizer folder, by name; `spiece.model` is used where both vocabularies are there. */
export interface TokenizerFiles extends ConfigFiles {
  readonly "spiece.model"?: Uint8Array | undefined
  readonly "tokenizer.json"?: JsonFile | undefined
}

/** The ids of a text, cut or padded to one length. */
export interface PaddedIds {
  /** (maxLength): the text, the end token, then padding. */
  readonly ids: BigInt64Array<ArrayBuffer>
  /** (maxLength): 1 for the text and the end token, 0 for padding. */
  readonly mask: BigInt64Array<ArrayBuffer>
  /** The end of the text that does not fit, or undefined when all of it fits. */
  readonly truncated: string | undefined
}

/** Turns prompts into token ids and back. */
export interface Tokenizer {
  /** One more than the highest id. */
  readonly vocabularySize: number
  readonly padId: number
  readonly eosId: number
  readonly unkId: number
  /** `model_max_length` of the folder, where it has one. */
  readonly maxLength?: number
  /** The ids of a text, without an end token; throws a `ModelError` for text that is not well-formed Unicode. */
  encode(text: string): number[]
  /** The ids cut or padded to exactly `maxLength`; the end token is always among them. */
  encodePadded(text: string, maxLength: number): PaddedIds
  /** The text of ids, without special tokens. */
  decode(ids: Iterable<number | bigint>): string
}

/**
 * Makes the tokenizer of a T5 or UMT5 folder from the contents of its files.
 *
 * Ids equal those of SentencePiece (from `spiece.model`) or of the tokenizers library (from `tokenizer.json`). Special tokens
 * in the text are split out first, as in transformers. Throws a `ModelError` that names the file.
 */
export function loadTokenizer(files: TokenizerFiles): Tokenizer {
  const config = readTokenizerConfig(files)
  const { pieces, unkId, addedTokens, encode, eosToken } = loadVocabulary(files, config)
  const contents: string[] = [...pieces]
  const special = new Set<number>()
  for (const token of addedTokens) {
    contents[token.id] = token.content
    if (token.special) special.add(token.id)
  }
  const idOf = (role: string, token: string): number => {
    const id = addedTokens.find((added) => added.content === token)?.id ?? pieces.indexOf(token)
    if (id >= 0) return id
    throw new ModelError({
      message: `The tokenizer's ${role} token "${token}" is not in its vocabulary: name one that is in tokenizer_config.json.`,
    })
  }
  const padId = idOf("padding", config.padToken)
  const eosId = idOf("end", eosToken ?? config.eosToken)

  const toText = (ids: Iterable<number | bigint>, keepSpecial: boolean): string => {
    const parts: string[] = []
    for (const value of ids) {
      const id = Number(value)
      const content = contents[id]
      if (content === undefined)
        throw new ModelError({ message: `${value} is not a token id: ids go from 0 to ${contents.length - 1}.` })
      if (keepSpecial || !special.has(id)) parts.push(content)
    }
    return joinPieces(parts)
  }

  const tokenizer: Tokenizer = {
    vocabularySize: contents.length,
    padId,
    eosId,
    unkId,
    ...(config.maxLength === undefined ? {} : { maxLength: config.maxLength }),
    encode: (text) => {
      if (!text.isWellFormed())
        throw new ModelError({ message: `The text contains half of a surrogate pair: use well-formed Unicode.` })
      return encode(text)
    },
    encodePadded: (text, maxLength) => {
      if (!Number.isSafeInteger(maxLength) || maxLength < 1)
        throw new ModelError({
          message: `The token limit is ${maxLength}, but a whole number of at least 1 is expected.`,
        })
      const all = tokenizer.encode(text)
      const kept = Math.min(all.length, maxLength - 1)
      const ids = new BigInt64Array(maxLength).fill(BigInt(padId))
      for (let index = 0; index < kept; index++) ids[index] = BigInt(all[index] ?? unkId)
      ids[kept] = BigInt(eosId)
      const mask = new BigInt64Array(maxLength).fill(1n, 0, kept + 1)
      return { ids, mask, truncated: kept < all.length ? toText(all.slice(kept), true) : undefined }
    },
    decode: (ids) => toText(ids, false),
  }
  return tokenizer
}

interface Vocabulary {
  readonly pieces: ReadonlyArray<string>
  readonly unkId: number
  readonly addedTokens: ReadonlyArray<AddedToken>
  readonly eosToken?: string
  readonly encode: (text: string) => number[]
}

function loadVocabulary(files: TokenizerFiles, config: TokenizerConfig): Vocabulary {
  const { "spiece.model": model, "tokenizer.json": json } = files
  if (model !== undefined) {
    const sentencePiece = new SentencePiece(model)
    const addedTokens = addedTokensOf(sentencePiece, config)
    const splitter = new AddedTokenSplitter(addedTokens)
    return {
      pieces: sentencePiece.pieces.map((piece) => piece.text),
      unkId: sentencePiece.unkId,
      addedTokens,
      encode: (text) =>
        splitter
          .split({ text, atStart: true })
          .flatMap((segment) => (segment.id === undefined ? sentencePiece.encode(segment.text) : [segment.id])),
    }
  }
  if (json !== undefined) return parseTokenizerJson(json)
  throw new ModelError({
    message: "The tokenizer folder has neither spiece.model nor tokenizer.json: download the model again.",
  })
}

/** Joins pieces to text: byte pieces become characters, and `▁` becomes a space, except at the start. */
function joinPieces(pieces: ReadonlyArray<string>): string {
  const encoder = new TextEncoder()
  const bytes = pieces.flatMap((piece) => {
    const byte = /^<0x([0-9A-F]{2})>$/.exec(piece)?.[1]
    return byte === undefined ? [...encoder.encode(piece.replaceAll("▁", " "))] : [Number.parseInt(byte, 16)]
  })
  return new TextDecoder().decode(new Uint8Array(bytes)).replace(/^ /, "")
}
