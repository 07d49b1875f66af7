import { type Latents, type Pixels, Tensor, VideoVae } from "@auteur/core"
import { layer as engineLayer } from "@auteur/engine/node"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { difference, type GoldenVae, loadGolden } from "../test/golden.ts"
import { layer, type VaeOptions } from "./layer.ts"

const golden = await Effect.runPromise(loadGolden)
const engine = engineLayer({ threads: 1 })
const vae = (options: Partial<VaeOptions> = {}) =>
  layer({ config: golden.config, weights: golden.weights, ...options }).pipe(Layer.provide(engine))

/** The reference decodes unscaled latents. */
const scaled = ({ config, tensor }: GoldenVae, name: string): Latents => {
  const z = tensor(name)
  const latents = Tensor.from(
    "batch channels frames height width",
    z.shape,
    z.values().map((x) => x * config.scaling_factor),
  )
  return latents.permute("batch frames channels height width")
}

const join = (chunks: ReadonlyArray<Pixels>): Pixels => {
  const [batch, channels, , height, width] = chunks[0]!.shape
  const frames = chunks.reduce((sum, chunk) => sum + chunk.length("frames"), 0)
  const joined = Tensor.zeros("batch channels frames height width", [batch, channels, frames, height, width])
  const area = height * width
  let start = 0
  for (const chunk of chunks) {
    const size = chunk.length("frames") * area
    for (let plane = 0; plane < batch * channels; plane++) {
      joined.data.set(chunk.values().subarray(plane * size, (plane + 1) * size), plane * frames * area + start)
    }
    start += size
  }
  return joined
}

const decode = Effect.fnUntraced(function* (latents: Latents) {
  return join(yield* Stream.runCollect((yield* VideoVae).decode(latents)))
})

describe("encode", () => {
  for (const frames of [1, 5, 8, 9, 13, 16, 17]) {
    it.effect(`gives the reference's posterior of ${frames} frames`, () =>
      Effect.gen(function* () {
        const { mean, logVariance } = yield* (yield* VideoVae).encode(golden.tensor(`in.video.${frames}`))
        assert.isBelow(difference(mean, golden.tensor(`out.mean.${frames}`)), 2e-5)
        assert.isBelow(difference(logVariance, golden.tensor(`out.logvar.${frames}`)), 2e-5)
      }).pipe(Effect.provide(vae())),
    )
  }
  it.effect("gives the reference's mean in tiles", () =>
    Effect.gen(function* () {
      const { mean } = yield* (yield* VideoVae).encode(golden.tensor("in.tiled_video"))
      assert.isBelow(difference(mean, golden.tensor("out.tiled_mean")), 2e-5)
    }).pipe(Effect.provide(vae({ tiling: true }))),
  )
})

describe("decode", () => {
  for (const frames of [1, 2, 3, 4, 5, 7]) {
    it.effect(`gives the reference's frames of ${frames} latent frames`, () =>
      Effect.gen(function* () {
        const pixels = yield* decode(scaled(golden, `in.latent.${frames}`))
        assert.isBelow(difference(pixels, golden.tensor(`out.decoded.${frames}`)), 2e-5)
        assert.strictEqual((yield* VideoVae).decodedFrames(frames), pixels.length("frames"))
      }).pipe(Effect.provide(vae())),
    )
  }
  it.effect("gives the reference's frames in tiles", () =>
    Effect.gen(function* () {
      const pixels = yield* decode(scaled(golden, "in.tiled_latent"))
      assert.isBelow(difference(pixels, golden.tensor("out.tiled_decoded")), 2e-5)
    }).pipe(Effect.provide(vae({ tiling: true }))),
  )
  it.effect("gives the reference's frames of a whole picture", () =>
    Effect.gen(function* () {
      const pixels = yield* decode(scaled(golden, "in.tiled_latent"))
      assert.isBelow(difference(pixels, golden.tensor("out.untiled_decoded")), 2e-5)
    }).pipe(Effect.provide(vae())),
  )
})

describe("parallel", () => {
  for (const parallel of [2, 3]) {
    it.effect(`gives the same numbers bit for bit on ${parallel} workers`, () =>
      Effect.gen(function* () {
        const serial = yield* Effect.provide(decode(scaled(golden, "in.latent.7")), vae())
        const split = yield* Effect.provide(decode(scaled(golden, "in.latent.7")), vae({ parallel }))
        assert.strictEqual(difference(serial, split), 0)
        const encode = Effect.gen(function* () {
          return yield* (yield* VideoVae).encode(golden.tensor("in.video.17"))
        })
        const one = yield* Effect.provide(encode, vae())
        const many = yield* Effect.provide(encode, vae({ parallel }))
        assert.strictEqual(difference(one.mean, many.mean), 0)
        assert.strictEqual(difference(one.logVariance, many.logVariance), 0)
      }),
    )
  }
})
