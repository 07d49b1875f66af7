import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { loadCase } from "../test/transformer-case.ts"
import { gridOf } from "./grid.ts"
import { rotaryTables } from "./rotary-embedding.ts"

describe("rotaryTables", () => {
  for (const name of ["v1-rope", "v1-rope-other-size", "v1-i2v", "v15", "v15-i2v"] as const) {
    it.effect(`equals the reference's tables, which hold each column twice: ${name}`, () =>
      Effect.gen(function* () {
        const { config, tensors } = yield* loadCase(name)
        const [, frames, , height, width] = tensors.get("in.hidden_states")!.shape as [
          number,
          number,
          number,
          number,
          number,
        ]
        const tables = rotaryTables(config, gridOf(config, { frames, height, width }))
        for (const key of ["cos", "sin"] as const) {
          const expected = tensors.get(`in.rope_${key}`)!.data
          assert.strictEqual(expected.length, 2 * tables[key].length)
          const error = expected.reduce((worst, y, i) => Math.max(worst, Math.abs(y - tables[key][i >> 1]!)), 0)
          assert.isAtMost(error, 1e-6)
        }
      }),
    )
  }

  it.effect("counts whole positions at the trained size", () =>
    Effect.gen(function* () {
      const { config } = yield* loadCase("v1-rope")
      const { sin } = rotaryTables(config, { frames: 2, height: 3, width: 4 })
      // Pair 2 is the first of the height's and pair 5 the first of the width's, both with ω = 1.
      const token = ((1 * 3 + 2) * 4 + 3) * 8
      assert.closeTo(sin[token]!, Math.sin(1), 1e-7)
      assert.closeTo(sin[token + 2]!, Math.sin(2), 1e-7)
      assert.closeTo(sin[token + 5]!, Math.sin(3), 1e-7)
    }),
  )
})
