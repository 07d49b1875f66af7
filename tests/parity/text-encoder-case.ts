import type { EngineError, ModelError } from "@auteur/core"
import { Engine } from "@auteur/engine"
import { parseT5Config, t5EncoderProgram } from "@auteur/text"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type CaseFolder, floats, type Json, type Tensors } from "./case-folder.ts"
import { openCaseWeights } from "./case-weights.ts"
import { compare, moduleBound } from "./comparison.ts"
import { ParityError } from "./parity-error.ts"
import type { CaseResult } from "./scheduler-case.ts"

/** Encodes the ids with the T5 or UMT5 in the folder: without the mask for `no_mask`, with it for `masked`. */
export const textEncoderCase: (
  folder: CaseFolder,
  json: Json,
  tensors: Tensors,
) => Effect.Effect<ReadonlyArray<CaseResult>, ParityError | ModelError | EngineError, Engine | Scope.Scope> =
  Effect.fnUntraced(function* (folder, json, tensors) {
    const config = yield* parseT5Config(json, "config.json")
    const model = yield* (yield* Engine).open(yield* openCaseWeights(folder))
    const ids = yield* integers(tensors, "in.input_ids") // (B, tokens)
    const [batch, tokens] = ids.shape as [number, number]
    const results: Array<CaseResult> = []
    for (const name of ["no_mask", "masked"] as const) {
      const expected = tensors.get(`out.${name}`)
      if (expected === undefined) continue
      const masked = name === "masked"
      const { last_hidden_state: found } = yield* model.run(t5EncoderProgram(config, { batch, tokens, masked }), {
        input_ids: ids,
        ...(masked ? { attention_mask: yield* integers(tensors, "in.attention_mask") } : {}),
      })
      results.push(compare(name, found!, yield* floats(tensors, `out.${name}`), moduleBound))
    }
    return results
  })

const integers: (
  tensors: Tensors,
  name: string,
) => Effect.Effect<{ shape: ReadonlyArray<number>; data: BigInt64Array }, ParityError> = Effect.fnUntraced(
  function* (tensors, name) {
    const tensor = tensors.get(name)
    if (tensor === undefined) return yield* new ParityError({ message: `io.safetensors has no tensor "${name}".` })
    return { shape: tensor.shape, data: BigInt64Array.from(tensor.data as ArrayLike<number | bigint>, BigInt) }
  },
)
