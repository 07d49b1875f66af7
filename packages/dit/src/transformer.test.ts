import { assert, describe, it } from "@effect/vitest"
import { Engine } from "@auteur/engine"
import { layer } from "@auteur/engine/node"
import * as Effect from "effect/Effect"
import { loadCase } from "../test/transformer-case.ts"
import { transformerProgram } from "./transformer.ts"

describe("transformerProgram", () => {
  for (const name of [
    "v1-sincos",
    "v1-sincos-other-size",
    "v1-rope",
    "v1-rope-other-size",
    "v1-i2v",
    "v15",
    "v15-i2v",
  ] as const) {
    it.effect(`gives the reference's output: ${name}`, () =>
      Effect.gen(function* () {
        const { config, weights, tensors } = yield* loadCase(name)
        const [batch, frames, , height, width] = tensors.get("in.hidden_states")!.shape as [
          number,
          number,
          number,
          number,
          number,
        ]
        const textTokens = tensors.get("in.encoder_hidden_states")!.shape[1]!
        const program = transformerProgram(config, { batch, frames, height, width }, textTokens)
        const names = [
          "hidden_states",
          "encoder_hidden_states",
          "timestep",
          ...(config.ofs_embed_dim === null ? [] : ["ofs"]),
        ]
        const inputs = Object.fromEntries(names.map((input) => [input, tensors.get(`in.${input}`)!]))
        const model = yield* (yield* Engine).open(weights)
        const { sample } = yield* model.run(program, inputs)
        const expected = tensors.get("out.sample")!
        assert.deepStrictEqual(sample!.shape, expected.shape)
        const error = expected.data.reduce((worst, y, i) => Math.max(worst, Math.abs(y - Number(sample!.data[i]))), 0)
        assert.isBelow(error, 2e-5)
      }).pipe(Effect.provide(layer({ threads: 1 }))),
    )
  }
})
