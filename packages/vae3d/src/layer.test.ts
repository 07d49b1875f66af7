import { type Latents, Tensor, VideoVae } from "@auteur/core"
import { layer as engineLayer } from "@auteur/engine/node"
import { assert, layer as suite } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { difference, joinFrames, loadGolden, scaledLatents } from "../test/golden.ts"
import { layer, type VaeOptions } from "./layer.ts"

const golden = await Effect.runPromise(loadGolden)
const engine = engineLayer({ threads: 1 })
const vae = (options: Partial<VaeOptions> = {}) =>
  layer({ config: golden.config, weights: golden.weights, ...options }).pipe(Layer.provide(engine))

const decode = Effect.fnUntraced(function* (latents: Latents) {
  return joinFrames(yield* Stream.runCollect((yield* VideoVae).decode(latents)))
})

const encode = Effect.fnUntraced(function* (name: string) {
  return yield* (yield* VideoVae).encode(golden.tensor(name))
})

suite(vae())("the VAE", (it) => {
  for (const frames of [1, 5, 8, 9, 13, 16, 17]) {
    it.effect(`encodes ${frames} frames to the reference's posterior`, () =>
      Effect.gen(function* () {
        const { mean, logVariance } = yield* encode(`in.video.${frames}`)
        assert.isBelow(difference(mean, golden.tensor(`out.mean.${frames}`)), 2e-5)
        assert.isBelow(difference(logVariance, golden.tensor(`out.logvar.${frames}`)), 2e-5)
      }),
    )
  }

  for (const frames of [1, 2, 3, 4, 5, 7]) {
    it.effect(`decodes ${frames} latent frames to the reference's frames, as many as it said`, () =>
      Effect.gen(function* () {
        const pixels = yield* decode(scaledLatents(golden, `in.latent.${frames}`))
        assert.isBelow(difference(pixels, golden.tensor(`out.decoded.${frames}`)), 2e-5)
        assert.strictEqual((yield* VideoVae).decodedFrames(frames), pixels.length("frames"))
      }),
    )
  }

  it.effect("decodes a picture larger than a tile as a whole", () =>
    Effect.gen(function* () {
      const pixels = yield* decode(scaledLatents(golden, "in.tiled_latent"))
      assert.isBelow(difference(pixels, golden.tensor("out.untiled_decoded")), 2e-5)
    }),
  )

  it.effect("leaves the tensors that it is given as they are", () =>
    Effect.gen(function* () {
      const video = golden.tensor("in.video.1")
      const latents = scaledLatents(golden, "in.latent.1").contiguous()
      const before = [Float32Array.from(video.values()), Float32Array.from(latents.values())]
      yield* (yield* VideoVae).encode(video)
      yield* decode(latents)
      assert.deepStrictEqual([video.values(), latents.values()], before)
    }),
  )

  it.effect("refuses sizes that it cannot take, naming them", () =>
    Effect.gen(function* () {
      const service = yield* VideoVae
      const zeros = (shape: readonly [number, number, number, number, number]) =>
        Tensor.zeros("batch channels frames height width", shape)
      const messageOf = (error: { readonly message: string }) => error.message
      const odd = yield* Effect.flip(service.encode(zeros([1, 3, 1, 16, 20])))
      assert.match(messageOf(odd), /20×16 pixels.*multiples of 8/)
      const grey = yield* Effect.flip(service.encode(zeros([1, 1, 1, 16, 16])))
      assert.match(messageOf(grey), /1 channels: it has 3/)
      const wide = zeros([1, 5, 1, 2, 2]).permute("batch frames channels height width")
      assert.match(messageOf(yield* Effect.flip(Stream.runDrain(service.decode(wide)))), /5 channels: it has 4/)
      const empty = zeros([1, 4, 0, 2, 2]).permute("batch frames channels height width")
      assert.match(messageOf(yield* Effect.flip(Stream.runDrain(service.decode(empty)))), /without frames/)
    }),
  )

  it.effect("says what decoding takes: twice the chunks take twice the work in the same memory", () =>
    Effect.gen(function* () {
      const { decodeCost } = yield* VideoVae
      const [first, five, nine] = [
        yield* decodeCost({ frames: 3, height: 4, width: 4 }),
        yield* decodeCost({ frames: 7, height: 4, width: 4 }),
        yield* decodeCost({ frames: 11, height: 4, width: 4 }),
      ]
      assert.isAbove(first.flops, 0)
      assert.closeTo(nine.flops - five.flops, five.flops - first.flops, first.flops * 0.01)
      assert.strictEqual(nine.activationBytes, five.activationBytes)
      assert.isAbove(nine.weightBytes, 0)
    }),
  )

  it.effect("says what encoding takes, which a first chunk and those after it do in sessions of their own", () =>
    Effect.gen(function* () {
      const { encodeCost } = yield* VideoVae
      const [one, two, three] = [
        yield* encodeCost({ frames: 8, height: 32, width: 32 }),
        yield* encodeCost({ frames: 16, height: 32, width: 32 }),
        yield* encodeCost({ frames: 24, height: 32, width: 32 }),
      ]
      assert.closeTo(three.flops, 3 * one.flops, one.flops * 0.01)
      assert.strictEqual(two.weightBytes, 2 * one.weightBytes)
      assert.strictEqual(three.weightBytes, two.weightBytes)
    }),
  )

  it.effect("says that decoding a large picture in tiles would take less memory and more work", () =>
    Effect.gen(function* () {
      const { decodeCost } = yield* VideoVae
      const size = { frames: 2, height: 40, width: 40 }
      const [whole, tiles] = [yield* decodeCost(size), yield* decodeCost(size, true)]
      assert.isBelow(tiles.activationBytes, whole.activationBytes)
      assert.isAbove(tiles.flops, whole.flops)
    }),
  )
})

suite(vae({ tiling: true }))("the VAE in tiles", (it) => {
  it.effect("encodes to the reference's mean", () =>
    Effect.gen(function* () {
      const { mean } = yield* encode("in.tiled_video")
      assert.isBelow(difference(mean, golden.tensor("out.tiled_mean")), 2e-5)
    }),
  )

  it.effect("decodes to the reference's frames", () =>
    Effect.gen(function* () {
      const pixels = yield* decode(scaledLatents(golden, "in.tiled_latent"))
      assert.isBelow(difference(pixels, golden.tensor("out.tiled_decoded")), 2e-5)
    }),
  )
})

for (const vaeWorkers of [2, 3]) {
  suite(vae())(`the VAE on ${vaeWorkers} workers`, (it) => {
    it.effect("encodes and decodes to the same numbers bit for bit", () =>
      Effect.gen(function* () {
        const run = Effect.all([decode(scaledLatents(golden, "in.latent.7")), encode("in.video.17")])
        const [frames, posterior] = yield* run
        const [splitFrames, splitPosterior] = yield* Effect.provide(run, vae({ vaeWorkers }))
        assert.strictEqual(difference(frames, splitFrames), 0)
        assert.strictEqual(difference(posterior.mean, splitPosterior.mean), 0)
        assert.strictEqual(difference(posterior.logVariance, splitPosterior.logVariance), 0)
      }),
    )
  })
}
