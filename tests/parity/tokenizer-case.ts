import { join } from "node:path"
import type { ModelError } from "@auteur/core"
import { loadTokenizer } from "@auteur/text"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { SentencePiece } from "../../packages/text/src/tokenizer/sentencepiece.ts"
import { type CaseFolder, type Json, readBytes } from "./case-folder.ts"
import { ParityError } from "./parity-error.ts"
import type { CaseResult } from "./scheduler-case.ts"

const Cases = Schema.Array(
  Schema.StructWithRest(Schema.Struct({ text: Schema.String }), [
    Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Array(Schema.Number)])),
  ]),
)

/** How many ids differ, missing and extra ones included. */
const differences = (found: ReadonlyArray<number>, expected: ReadonlyArray<number>): number =>
  Array.from({ length: Math.max(found.length, expected.length) }, (_, i) => found[i] !== expected[i]).filter(Boolean)
    .length

/** The ids of each text: `sentencepiece_ids` without special tokens, `padded_ids_N` as the pipelines cut and pad them to N. */
export const tokenizerCase: (
  folder: CaseFolder,
  json: Json,
) => Effect.Effect<ReadonlyArray<CaseResult>, ParityError | ModelError> = Effect.fnUntraced(function* (folder, json) {
  const cases = yield* Effect.mapError(
    Schema.decodeUnknownEffect(Cases)(json["cases"]),
    () => new ParityError({ message: `The "cases" in cases.json are not a list of texts with lists of ids.` }),
  )
  const files = Object.fromEntries(
    yield* Effect.forEach(
      [...folder.files].filter((name) => name !== "cases.json"),
      (name) => Effect.map(readBytes(join(folder.path, name)), (bytes) => [name, bytes] as const),
    ),
  )
  const { tokenizer, sentencePiece } = yield* Effect.try({
    try: () => ({
      tokenizer: loadTokenizer(files),
      sentencePiece: files["spiece.model"] === undefined ? undefined : new SentencePiece(files["spiece.model"]),
    }),
    catch: (error) => new ParityError({ message: (error as Error).message }),
  })
  const results: Array<CaseResult> = []
  for (const { text, ...lists } of cases) {
    for (const [name, expected] of Object.entries(lists)) {
      if (typeof expected === "string") continue
      const padded = /^padded_ids_(\d+)$/.exec(name)?.[1]
      const found =
        padded !== undefined
          ? Array.from(tokenizer.encodePadded(text, Number(padded)).ids, Number)
          : name === "sentencepiece_ids"
            ? (sentencePiece ?? tokenizer).encode(text)
            : undefined
      if (found === undefined) {
        return yield* new ParityError({
          message: `cases.json has "${name}", which is not known: sentencepiece_ids and padded_ids_N are.`,
        })
      }
      results.push({
        name: `${name} of ${JSON.stringify(text.slice(0, 40))}`,
        error: differences(found, expected),
        bound: 0,
      })
    }
  }
  for (const [name, id] of [
    ["pad", tokenizer.padId],
    ["eos", tokenizer.eosId],
    ["unk", tokenizer.unkId],
  ] as const) {
    if (typeof json[name] === "number") results.push({ name, error: Math.abs(id - json[name]), bound: 0 })
  }
  return results
})
