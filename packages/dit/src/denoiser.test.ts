import { readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Denoiser, type PredictInput, type Latents, Tensor } from "@auteur/core"
import { layer as engineLayer, openWeights } from "@auteur/engine/node"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { inputOf, textsOf } from "../test/denoiser-input.ts"
import { denoiserLayer } from "../test/provide-denoiser.ts"
import { type CaseName, loadCase, type TransformerCase } from "../test/transformer-case.ts"

const provide = (...given: Parameters<typeof denoiserLayer>) =>
  Effect.provide(denoiserLayer(...given).pipe(Layer.provide(engineLayer({ threads: 1 }))))

const furthest = (a: Latents, b: ArrayLike<number>): number => {
  const values = a.contiguous().values()
  return values.reduce((worst, x, i) => Math.max(worst, Math.abs(x - b[i]!)), 0)
}

const predict = (input: PredictInput) => Effect.flatMap(Denoiser, (denoiser) => denoiser.predict(input))
const failure = (input: PredictInput) =>
  Effect.map(Effect.flip(predict(input)), (error) => [error._tag, error.message] as const)

describe("the denoiser", () => {
  for (const name of ["v1-sincos", "v1-i2v", "v15-i2v"] satisfies ReadonlyArray<CaseName>) {
    it.effect(`predicts as the reference: ${name}`, () =>
      Effect.gen(function* () {
        const given = yield* loadCase(name)
        const [prediction] = yield* predict(inputOf(given)).pipe(provide(given))
        assert.isBelow(furthest(prediction!.clean, given.tensors.get("out.sample")!.data), 2e-5)
      }),
    )
  }

  it.effect("reads a velocity as clean latents and noise", () =>
    Effect.gen(function* () {
      const given = yield* loadCase("v1-rope")
      const input = inputOf(given)
      const [{ clean, noise }] = (yield* predict(input).pipe(provide({ ...given, prediction: "v_prediction" }))) as [
        { clean: Latents; noise: Latents },
      ]
      const v = given.tensors.get("out.sample")!.data
      const x = input.sample.values()
      assert.isBelow(
        furthest(
          clean,
          x.map((at, i) => 0.6 * at - 0.8 * v[i]!),
        ),
        2e-5,
      )
      assert.isBelow(
        furthest(
          noise,
          x.map((at, i) => 0.8 * at + 0.6 * v[i]!),
        ),
        2e-5,
      )
    }),
  )

  it.effect("predicts for each text what it predicts for that text alone", () =>
    Effect.gen(function* () {
      const given = yield* loadCase("v1-rope")
      const small = inputOf(given)
      const shape = [1, 1, 4, 64, 80] as const
      const noise = Float32Array.from({ length: 64 * 80 * 4 }, (_, i) => Math.sin(i * i))
      // 1280 video tokens: too many for one batch.
      const large = { ...small, sample: Tensor.from("batch frames channels height width", shape, noise) }
      yield* Effect.gen(function* () {
        for (const [input, tolerance] of [
          [small, 2e-6],
          [large, 0],
        ] as const) {
          const texts = textsOf(given)
          const both = yield* predict({ ...input, texts })
          assert.strictEqual(both.length, 2)
          for (const [i, text] of texts.entries()) {
            const [alone] = yield* predict({ ...input, texts: [text] })
            assert.isAtMost(furthest(both[i]!.clean, alone!.clean.contiguous().values()), tolerance)
          }
          assert.isAbove(furthest(both[0]!.clean, both[1]!.clean.contiguous().values()), 1e-3)
        }
      }).pipe(provide(given))
    }),
  )

  it.effect("has the size it was trained at, and the cost of a step", () =>
    Effect.gen(function* () {
      const given = yield* loadCase("v15-i2v")
      const denoiser = yield* Denoiser.pipe(provide(given))
      assert.deepStrictEqual(denoiser.patch, { frames: 2, height: 2, width: 2 })
      assert.deepStrictEqual(denoiser.trained, { frames: 4, height: 6, width: 8 })
      assert.isTrue(denoiser.imageConditioned)
      const size = { frames: 4, height: 6, width: 8 }
      const [one, two] = [yield* denoiser.cost(size, 1), yield* denoiser.cost(size, 2)]
      // 31 tokens of 32 channels through 2 blocks of 12 D² weights, two operations for each.
      assert.isAbove(one.flops, 2 * 2 * 31 * 12 * 32 ** 2)
      assert.closeTo(two.flops / one.flops, 2, 0.01)
      assert.strictEqual(denoiser.unsupported(size), undefined)
      assert.include(denoiser.unsupported({ ...size, height: 7 }) ?? "", "height of 56 pixels")
      const error = yield* Effect.flip(denoiser.cost({ ...size, height: 7 }, 1))
      assert.include(error.message, "height of 56 pixels")
    }),
  )

  it.effect(
    "runs 1.5 image-to-video at any size, as the reference does with a table of positions that is large enough",
    () =>
      Effect.gen(function* () {
        const given = yield* loadCase("v15-i2v")
        const noise = Float32Array.from({ length: 4 * 4 * 12 * 10 }, (_, i) => Math.sin(i * i))
        const sample = Tensor.from("batch frames channels height width", [1, 4, 4, 12, 10], noise)
        const input = { ...inputOf(given), sample, image: sample }
        const [beyond] = yield* predict(input).pipe(provide(given))
        const config = { ...given.config, sample_height: 300, sample_width: 300 }
        const [within] = yield* predict(input).pipe(provide({ ...given, config }))
        assert.strictEqual(furthest(beyond!.clean, within!.clean.contiguous().values()), 0)
      }),
  )

  for (const [name, caseName, change, expected] of [
    ["a missing image", "v1-i2v", { image: undefined }, /the model needs image latents .* but none were given/],
    [
      "an image that it cannot take",
      "v1-rope",
      { image: Tensor.zeros("batch frames channels height width", [1, 3, 4, 6, 8]) },
      /takes no image/,
    ],
    ["no text", "v1-rope", { texts: [] }, /no text embeddings/],
    [
      "another width of text",
      "v1-rope",
      { texts: [Tensor.zeros("batch tokens features", [1, 7, 16])] },
      /\[1, 7, 16\], but needs \[1, 7, 20\]/,
    ],
    [
      "another length of text where it is learned",
      "v1-i2v",
      { texts: [Tensor.zeros("batch tokens features", [1, 6, 20])] },
      /\[1, 6, 20\], but needs \[1, 7, 20\]/,
    ],
    [
      "other channels",
      "v1-rope",
      { sample: Tensor.zeros("batch frames channels height width", [1, 3, 5, 6, 8]) },
      /\[1, 3, 5, 6, 8\].* channels 4/,
    ],
    [
      "an illegal size",
      "v1-rope",
      { sample: Tensor.zeros("batch frames channels height width", [1, 3, 4, 5, 8]) },
      /height of 40 pixels/,
    ],
  ] as const) {
    it.effect(`refuses ${name}`, () =>
      Effect.gen(function* () {
        const given = yield* loadCase(caseName)
        const [tag, message] = yield* failure({ ...inputOf(given), ...change } as PredictInput).pipe(provide(given))
        assert.strictEqual(tag, "PipelineError")
        assert.match(message, expected)
      }),
    )
  }

  it.effect("names the model and the timestep when the prediction is not finite", () =>
    Effect.gen(function* () {
      const given = yield* loadCase("v1-rope")
      const damaged = yield* damage(given)
      const [tag, message] = yield* failure(inputOf(given)).pipe(provide({ ...given, weights: damaged }))
      assert.strictEqual(tag, "PipelineError")
      assert.match(message, /^the model predicted numbers that are not finite at timestep 999/)
    }),
  )

  it.effect("does not start on a VAE's latents of other channels", () =>
    Effect.gen(function* () {
      const given = yield* loadCase("v1-rope")
      const error = yield* Effect.flip(Denoiser.pipe(provide(given, 16)))
      assert.match(error.message, /makes latents of 4 channels, .* "cogvideox" of the VAE has 16/)
    }),
  )
})

/** A copy of the weights with one NaN. */
const damage = Effect.fnUntraced(function* ({ weights }: TransformerCase) {
  const stored = weights.tensors.get("proj_out.bias")!
  const bytes = Buffer.from(yield* Effect.promise(() => readFile(stored.file)))
  bytes.writeFloatLE(Number.NaN, stored.offset)
  const path = join(tmpdir(), `auteur-dit-${globalThis.process.pid}.safetensors`)
  yield* Effect.acquireRelease(
    Effect.promise(() => writeFile(path, bytes)),
    () => Effect.promise(() => rm(path)),
  )
  return yield* openWeights(path)
})
