import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { calibrate } from "../index.ts"
import { layer } from "../node.ts"

it.live("a calibration finds a rate for every kind of work", () =>
  Effect.gen(function* () {
    for (const [name, rate] of Object.entries(yield* calibrate)) {
      assert.isTrue(Number.isFinite(rate) && rate > 0, `${name} is ${rate}`)
    }
  }).pipe(Effect.provide(layer())),
)
