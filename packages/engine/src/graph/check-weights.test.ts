import type { Weights } from "@auteur/core"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { checkWeights } from "./check-weights.ts"
import type { Program } from "../engine.ts"
import { linear } from "./layers.ts"

const weights = (shapes: Readonly<Record<string, ReadonlyArray<number>>>): Weights => ({
  source: "model.safetensors",
  tensors: new Map(
    Object.entries(shapes).map(([key, shape]) => [
      key,
      { dtype: "float32", shape, file: "model.safetensors", offset: 0, byteLength: 0 },
    ]),
  ),
})
const layerNamed = (name: string): Program => ({
  key: name,
  build: (graph, scope) => graph.output("y", linear(graph.input("x", [1, 3]), scope.scope(name), 2)),
})
const programs = [layerNamed("attn.to_q"), layerNamed("attn.to_k")]
const fitting = {
  "attn.to_q.weight": [2, 3],
  "attn.to_q.bias": [2],
  "attn.to_k.weight": [2, 3],
  "attn.to_k.bias": [2],
}
const refusal = (shapes: Readonly<Record<string, ReadonlyArray<number>>>, options = {}) =>
  Effect.map(Effect.flip(checkWeights("layer", programs, weights(shapes), options)), (error) => error.message)

describe("checkWeights", () => {
  it.effect("passes a checkpoint that holds what the programs read together, and no more", () =>
    checkWeights("layer", programs, weights(fitting)),
  )

  it.effect("names a renamed tensor by both names, and never one that the model reads itself", () =>
    Effect.gen(function* () {
      const { "attn.to_q.weight": shape, ...others } = fitting
      const renamed = yield* refusal({ ...others, "attn.query.weight": shape })
      assert.include(renamed, 'The tensor "attn.to_q.weight" of shape [2, 3] is missing from model.safetensors')
      assert.include(renamed, '"attn.query.weight" in it is not part of the model and of that shape')
      assert.include(yield* refusal(others), "download the file again")
    }),
  )

  it.effect("names a tensor that is not part of the model, unless others are allowed", () =>
    Effect.gen(function* () {
      const more = { ...fitting, "decoder.weight": [4], "decoder.bias": [4] }
      assert.include(yield* refusal(more), 'The tensor "decoder.weight" and 1 more in model.safetensors is not part of')
      yield* checkWeights("layer", programs, weights(more), { allowOthers: true })
    }),
  )

  it.effect("names a tensor of another shape with both shapes", () =>
    Effect.gen(function* () {
      const message = yield* refusal({ ...fitting, "attn.to_k.weight": [3, 2] })
      assert.include(message, '"attn.to_k.weight" in model.safetensors has the shape [3, 2]')
      assert.include(message, "asks for [2, 3]")
    }),
  )
})
