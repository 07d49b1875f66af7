import { Tensor } from "@auteur/core"
import { Engine } from "@auteur/engine"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { loadGolden } from "../test/golden.ts"
import { newWatch, watchedEngine } from "../test/watched-engine.ts"
import { runRegions } from "./region-order.ts"
import { latentRegions } from "./regions.ts"
import { decodedTogether, temporalChunks } from "./temporal-chunks.ts"
import { tileGrid } from "./tiling.ts"

const golden = await Effect.runPromise(loadGolden)

it.effect("one tile after the other gives the same frames as all together, and keeps what one tile needs", () =>
  Effect.gen(function* () {
    const { config, weights } = golden
    const z = Float32Array.from({ length: 5 * 4 * 8 * 13 }, (_, i) => Math.sin(i))
    const latents = Tensor.from("batch frames channels height width", [1, 5, 4, 8, 13], z)
    const chunks = temporalChunks(5, decodedTogether)
    const regions = latentRegions(config, tileGrid(config, 8, 13), latents)
    assert.strictEqual(regions.length, 4)
    const decode = Effect.fnUntraced(function* (togetherBytes: number) {
      const watch = newWatch()
      const outputs = yield* Effect.gen(function* () {
        const model = yield* (yield* Engine).open(weights)
        return yield* Stream.runCollect(runRegions(model, regions, chunks, 1, togetherBytes))
      }).pipe(Effect.provide(watchedEngine(watch)))
      assert.strictEqual(watch.resident, 0)
      return { outputs, ...watch }
    })
    const together = yield* decode(Number.POSITIVE_INFINITY)
    const apart = yield* decode(0)
    assert.deepStrictEqual(apart.outputs, together.outputs)
    assert.notDeepEqual(apart.ran, together.ran)
    assert.deepStrictEqual(apart.ran.toSorted(), together.ran.toSorted())
    assert.isBelow(apart.peak, together.peak / 2)
  }),
)
