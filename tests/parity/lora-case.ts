import { join } from "node:path"
import type { GenerateError } from "@auteur/core"
import type { Engine } from "@auteur/engine"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { CaseFolder, Json, Tensors } from "./case-folder.ts"
import { latentsCase, modelOf } from "./latents-case.ts"
import { ParityError } from "./parity-error.ts"
import type { CaseResult } from "./scheduler-case.ts"

const Cases = Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.Finite))

/** Runs of a model with LoRA files: `cases` gives for each its folders with their weights; the run `none` has none. */
export const loraCase: (
  folder: CaseFolder,
  json: Json,
  tensors: Tensors,
) => Effect.Effect<ReadonlyArray<CaseResult>, ParityError | GenerateError, Engine> = Effect.fnUntraced(
  function* (folder, json, tensors) {
    const cases = yield* Effect.mapError(
      Schema.decodeUnknownEffect(Cases)(json["cases"]),
      () => new ParityError({ message: `The "cases" of case.json do not give LoRA folders with their weights.` }),
    )
    return yield* latentsCase(modelOf(folder, json), json, tensors, (name) => {
      if (name === "none") return Effect.succeed({})
      const loras = Object.entries(cases[name] ?? {})
      if (loras.length === 0) return Effect.fail(new ParityError({ message: `case.json has no case "${name}".` }))
      return Effect.succeed({ lora: loras.map(([lora, weight]) => ({ path: join(folder.path, lora), weight })) })
    })
  },
)
