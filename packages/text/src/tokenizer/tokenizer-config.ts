import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { AddedToken } from "./added-tokens.ts"
import type { SentencePiece } from "./sentencepiece.ts"
import { ModelError } from "@auteur/core"
import { decodeConfig } from "@auteur/core/decode-config"

/** A JSON file as text or as its UTF-8 bytes. */
export type JsonFile = Uint8Array | string

/** The files of a tokenizer folder that define its special tokens, apart from `tokenizer.json`. */
export interface ConfigFiles {
  readonly "tokenizer_config.json"?: JsonFile | undefined
  readonly "added_tokens.json"?: JsonFile | undefined
  readonly "special_tokens_map.json"?: JsonFile | undefined
}

/** The content of those files, merged. */
export interface TokenizerConfig {
  readonly padToken: string
  readonly eosToken: string
  readonly unkToken: string
  readonly maxLength: number | undefined
  readonly addedTokens: ReadonlyArray<AddedToken>
  readonly otherSpecialTokens: ReadonlyArray<string>
  readonly extraIds: number
}

/** The fields of an added token as JSON files write them. */
interface AddedTokenJson {
  readonly content: string
  readonly special?: boolean
  readonly lstrip?: boolean
  readonly rstrip?: boolean
  readonly single_word?: boolean
  readonly normalized?: boolean
}

const Flag = Schema.optionalKey(Schema.Boolean)
const AddedTokenSchema = Schema.Struct({
  content: Schema.String,
  special: Flag,
  lstrip: Flag,
  rstrip: Flag,
  single_word: Flag,
  normalized: Flag,
})
const Token = Schema.Union([Schema.String, Schema.Struct({ content: Schema.String })])
const SpecialTokensMap = Schema.Struct({
  pad_token: Schema.optionalKey(Schema.NullOr(Token)),
  eos_token: Schema.optionalKey(Schema.NullOr(Token)),
  unk_token: Schema.optionalKey(Schema.NullOr(Token)),
  additional_special_tokens: Schema.optionalKey(Schema.NullOr(Schema.Array(Token))),
})
const Side = Schema.optionalKey(Schema.Literal("right"))
const ConfigSchema = Schema.Struct({
  ...SpecialTokensMap.fields,
  added_tokens_decoder: Schema.optionalKey(Schema.Record(Schema.String, AddedTokenSchema)),
  extra_ids: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 10_000 }))),
  model_max_length: Schema.optionalKey(Schema.NullOr(Schema.Number)),
  padding_side: Side,
  truncation_side: Side,
})
/** An id that a vocabulary can have: the largest in use is near 300 000. */
export const TokenId: typeof Schema.Int = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 0xff_ffff }))
const IdByContent = Schema.Record(Schema.String, TokenId)

/** Reads a JSON file and checks its shape; throws a `ModelError` that names the file and each wrong field. */
export function readJson<T>(name: string, file: JsonFile, schema: Schema.ConstraintDecoder<T>): T {
  let json: unknown
  try {
    json = JSON.parse(typeof file === "string" ? file : new TextDecoder("utf-8", { fatal: true }).decode(file))
  } catch {
    throw new ModelError({ message: `${name} is not valid JSON: download the file again.` })
  }
  return Result.getOrThrow(decodeConfig(schema, json, { component: "tokenizer", source: name }))
}

/** An added token from its JSON fields, with the defaults of the tokenizers library. */
export function toAddedToken(id: number, json: AddedTokenJson): AddedToken {
  const special = json.special ?? false
  return {
    id,
    content: json.content,
    special,
    lstrip: json.lstrip ?? false,
    rstrip: json.rstrip ?? false,
    singleWord: json.single_word ?? false,
    normalized: json.normalized ?? !special,
  }
}

const contentOf = (token: string | { readonly content: string } | null | undefined): string | undefined =>
  typeof token === "string" ? token : token?.content

/** Merges the config files as transformers does: `added_tokens_decoder`, where present, replaces the two older files. */
export function readTokenizerConfig(files: ConfigFiles): TokenizerConfig {
  const configFile = files["tokenizer_config.json"]
  const config = configFile === undefined ? {} : readJson("tokenizer_config.json", configFile, ConfigSchema)
  const decoder = config.added_tokens_decoder
  const mapFile = decoder === undefined ? files["special_tokens_map.json"] : undefined
  const map = mapFile === undefined ? {} : readJson("special_tokens_map.json", mapFile, SpecialTokensMap)
  const padToken = contentOf(map.pad_token ?? config.pad_token) ?? "<pad>"
  const eosToken = contentOf(map.eos_token ?? config.eos_token) ?? "</s>"
  const unkToken = contentOf(map.unk_token ?? config.unk_token) ?? "<unk>"
  const listed = map.additional_special_tokens ?? config.additional_special_tokens ?? []
  const otherSpecialTokens = listed.map((token) => contentOf(token) ?? "")
  const special = new Set([padToken, eosToken, unkToken, ...otherSpecialTokens])

  const addedFile = decoder === undefined ? files["added_tokens.json"] : undefined
  const addedTokens = Object.entries(decoder ?? {}).map(([id, token]) => toAddedToken(toId(id), token))
  if (addedFile !== undefined) {
    for (const [content, id] of Object.entries(readJson("added_tokens.json", addedFile, IdByContent)))
      addedTokens.push(toAddedToken(id, { content, special: special.has(content) }))
  }
  const { model_max_length: limit } = config
  // transformers writes 10³⁰ for "no limit".
  const maxLength = typeof limit === "number" && limit >= 1 && limit < 1e9 ? limit : undefined
  return { padToken, eosToken, unkToken, maxLength, addedTokens, otherSpecialTokens, extraIds: config.extra_ids ?? 100 }
}

function toId(key: string): number {
  if (/^\d{1,7}$/.test(key)) return Number(key)
  throw new ModelError({
    message: `tokenizer_config.json: added_tokens_decoder has the key "${key}", which is not an id: download the file again.`,
  })
}

/**
 * Every added token of a folder with a SentencePiece model: its control pieces, those to which the files give an id,
 * then, after the last id, T5's `<extra_id_N>` (the highest N first) and the special tokens without an id.
 */
export function addedTokensOf(model: SentencePiece, config: TokenizerConfig): AddedToken[] {
  const byContent = new Map<string, AddedToken>()
  const pieceId = new Map<string, number>()
  for (const [id, { text, type }] of model.pieces.entries()) {
    pieceId.set(text, id)
    if (type === "control") byContent.set(text, toAddedToken(id, { content: text, special: true }))
  }
  let nextId = model.pieces.length
  for (const token of config.addedTokens) {
    byContent.set(token.content, token)
    nextId = Math.max(nextId, token.id + 1)
  }
  const extraIds = Array.from({ length: config.extraIds }, (_, index) => `<extra_id_${config.extraIds - 1 - index}>`)
  const named = [config.padToken, config.eosToken, config.unkToken]
  for (const content of [...named, ...extraIds, ...config.otherSpecialTokens]) {
    if (byContent.has(content)) continue
    byContent.set(content, toAddedToken(pieceId.get(content) ?? nextId++, { content, special: true }))
  }
  return [...byContent.values()]
}
