import { type Latents, Tensor, VideoVae } from "@auteur/core"
import { Engine } from "@auteur/engine"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { loadGolden } from "../test/golden.ts"
import { newWatch, watchedEngine } from "../test/watched-engine.ts"
import { runRegions } from "./context-parallel.ts"
import { decoder3d } from "./decoder3d.ts"
import { layer, openVae, type VaeOptions } from "./layer.ts"
import { decodedTogether, temporalChunks } from "./temporal-chunks.ts"
import { latentRegions, tileGrid } from "./tiled.ts"

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
        assert.strictEqual(watch.kept, 0)
        peaks.push(watch.peak)
      }
      assert.isAbove(peaks[0]!, 0)
      assert.strictEqual(peaks[1], peaks[0])
    }),
  )

  it.effect("keeps no more than what goes into and comes out of a block in each of several workers", () =>
    Effect.gen(function* () {
      const watch = newWatch()
      yield* Stream.runDrain(decode(15)).pipe(Effect.provide(vae(watch, { vaeWorkers: 2 })))
      const sizes = decoder3d(golden.config, 3, 2, 3).blocks.map(({ shape }) => 4 * shape.reduce((a, b) => a * b, 1))
      assert.isAbove(watch.peak, 0)
      assert.isAtMost(watch.peak, 2 * 2 * Math.max(...sizes))
      assert.strictEqual(watch.kept, 0)
    }),
  )

  for (const vaeWorkers of [1, 2]) {
    it.effect(`frees what it keeps in ${vaeWorkers} workers when the rest is not wanted`, () =>
      Effect.gen(function* () {
        const watch = newWatch()
        yield* decode(7).pipe(Stream.take(1), Stream.runDrain, Effect.provide(vae(watch, { vaeWorkers })))
        assert.isAbove(watch.peak, 0)
        assert.strictEqual(watch.kept, 0)
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
      assert.strictEqual(watch.kept, 0)
    }),
  )

  it.effect("has tiles advance together, so that frames come out before the last chunk starts", () =>
    Effect.gen(function* () {
      const watch = newWatch()
      const five = Tensor.zeros("batch frames channels height width", [1, 5, 4, 8, 13])
      const runsAtFrames: Array<number> = []
      yield* decodeLatents(five).pipe(
        Stream.runForEach(() => Effect.sync(() => runsAtFrames.push(watch.ran.length))),
        Effect.provide(vae(watch, { tiling: true })),
      )
      assert.deepStrictEqual(runsAtFrames, [4, 8])
      assert.strictEqual(watch.kept, 0)
    }),
  )
})

it.effect("one tile after the other gives the same frames as all together, and keeps what one tile needs", () =>
  Effect.gen(function* () {
    const { config, weights } = golden
    const z = Float32Array.from({ length: 5 * 4 * 8 * 13 }, (_, i) => Math.sin(i))
    const latents = Tensor.from("batch frames channels height width", [1, 5, 4, 8, 13], z)
    const chunks = temporalChunks(5, decodedTogether)
    const regions = latentRegions(config, tileGrid(config, 8, 13), latents)
    assert.strictEqual(regions.length, 4)
    const decodeAt = Effect.fnUntraced(function* (togetherBytes: number) {
      const watch = newWatch()
      const outputs = yield* Effect.gen(function* () {
        const model = yield* (yield* Engine).open(weights)
        return yield* Stream.runCollect(runRegions(model, regions, chunks, 1, togetherBytes))
      }).pipe(Effect.provide(watchedEngine(watch)))
      assert.strictEqual(watch.kept, 0)
      return { outputs, ...watch }
    })
    const together = yield* decodeAt(Number.POSITIVE_INFINITY)
    const apart = yield* decodeAt(0)
    assert.deepStrictEqual(apart.outputs, together.outputs)
    assert.notDeepEqual(apart.ran, together.ran)
    assert.deepStrictEqual(apart.ran.toSorted(), together.ran.toSorted())
    assert.isBelow(apart.peak, together.peak / 2)
  }),
)

describe("an open VAE", () => {
  it.effect("gives each request a VAE of its own options over one opening, in the same sessions", () => {
    const watch = newWatch()
    return Effect.gen(function* () {
      const open = yield* openVae(golden)
      const [one, again, two] = [yield* open(), yield* open({ tiling: true }), yield* open({ vaeWorkers: 2 })]
      const [first, ...others] = yield* Effect.forEach([one, again, two], (vae) =>
        Stream.runCollect(vae.decode(latents(5))),
      )
      for (const other of others) assert.deepStrictEqual(other, first)
      assert.strictEqual(watch.opened, 1)
      // A picture of one tile runs the same programs whether tiling is on or not.
      assert.deepStrictEqual(watch.ran.slice(2, 4), watch.ran.slice(0, 2))
    }).pipe(Effect.scoped, Effect.provide(watchedEngine(watch)))
  })

  it.effect("refuses a number of workers that cannot be, when the request is made", () =>
    Effect.gen(function* () {
      const open = yield* openVae(golden)
      for (const vaeWorkers of [0, -1, 1.5, Number.NaN]) {
        const { message } = yield* Effect.flip(open({ vaeWorkers }))
        assert.strictEqual(
          message,
          `The VAE cannot be split over ${vaeWorkers} workers: give "vaeWorkers" a whole number from 1.`,
        )
      }
    }).pipe(Effect.scoped, Effect.provide(watchedEngine(newWatch()))),
  )
})
