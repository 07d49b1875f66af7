import { type Latents, Tensor, VideoVae } from "@auteur/core"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { loadGolden } from "../test/golden.ts"
import { newWatch, watchedEngine } from "../test/watched-engine.ts"
import { decoder3d } from "./decoder3d.ts"
import { layer, type VaeOptions } from "./layer.ts"

const golden = await Effect.runPromise(loadGolden)
const vae = (watch: ReturnType<typeof newWatch>, options: Partial<VaeOptions> = {}) =>
  layer({ config: golden.config, weights: golden.weights, ...options }).pipe(Layer.provide(watchedEngine(watch)))

const latents = (frames: number): Latents =>
  Tensor.from(
    "batch frames channels height width",
    [1, frames, 4, 2, 3],
    Float32Array.from({ length: frames * 24 }, (_, i) => Math.sin(i)),
  )

const decodeLatents = (latents: Latents) => Stream.unwrap(VideoVae.useSync((vae) => vae.decode(latents)))
const decode = (frames: number) => decodeLatents(latents(frames))

describe("decoding in chunks", () => {
  it.effect("gives the first frames before the later chunks are computed", () =>
    Effect.gen(function* () {
      const watch = newWatch()
      const runsAtFrames: Array<number> = []
      yield* decode(7).pipe(
        Stream.runForEach(() => Effect.sync(() => runsAtFrames.push(watch.ran.length))),
        Effect.provide(vae(watch)),
      )
      assert.deepStrictEqual(runsAtFrames, [1, 2, 3])
    }),
  )

  it.effect("keeps no more in the worker for more frames", () =>
    Effect.gen(function* () {
      const peaks: Array<number> = []
      for (const frames of [7, 15]) {
        const watch = newWatch()
        yield* Stream.runDrain(decode(frames)).pipe(Effect.provide(vae(watch)))
        assert.strictEqual(watch.resident, 0)
        peaks.push(watch.peak)
      }
      assert.isAbove(peaks[0]!, 0)
      assert.strictEqual(peaks[1], peaks[0])
    }),
  )

  it.effect("keeps no more than what goes into and comes out of a stage in each of several workers", () =>
    Effect.gen(function* () {
      const watch = newWatch()
      yield* Stream.runDrain(decode(15)).pipe(Effect.provide(vae(watch, { workers: 2 })))
      const sizes = decoder3d(golden.config, 3, 2, 3).stages.map(({ shape }) => 4 * shape.reduce((a, b) => a * b, 1))
      assert.isAbove(watch.peak, 0)
      assert.isAtMost(watch.peak, 2 * 2 * Math.max(...sizes))
      assert.strictEqual(watch.resident, 0)
    }),
  )

  for (const parallel of [1, 2]) {
    it.effect(`frees what it keeps in ${parallel} workers when nobody wants the rest`, () =>
      Effect.gen(function* () {
        const watch = newWatch()
        yield* decode(7).pipe(Stream.take(1), Stream.runDrain, Effect.provide(vae(watch, { workers: parallel })))
        assert.isAbove(watch.peak, 0)
        assert.strictEqual(watch.resident, 0)
      }),
    )
  }

  it.effect("frees what it keeps when a later chunk fails", () =>
    Effect.gen(function* () {
      const watch = newWatch()
      const exit = yield* Effect.exit(
        decode(7).pipe(
          Stream.mapEffect((_, index) => (index === 1 ? Effect.fail("enough") : Effect.void)),
          Stream.runDrain,
          Effect.provide(vae(watch)),
        ),
      )
      assert.isTrue(Exit.isFailure(exit))
      assert.isAbove(watch.peak, 0)
      assert.strictEqual(watch.resident, 0)
    }),
  )

  it.effect("has tiles advance together, so that frames come out before the last chunk is begun", () =>
    Effect.gen(function* () {
      const watch = newWatch()
      const five = Tensor.zeros("batch frames channels height width", [1, 5, 4, 8, 13])
      const runsAtFrames: Array<number> = []
      yield* decodeLatents(five).pipe(
        Stream.runForEach(() => Effect.sync(() => runsAtFrames.push(watch.ran.length))),
        Effect.provide(vae(watch, { tiling: true })),
      )
      assert.deepStrictEqual(runsAtFrames, [4, 8])
      assert.strictEqual(watch.resident, 0)
    }),
  )
})
