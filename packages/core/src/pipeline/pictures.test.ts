import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { colours, diffusion, normals } from "../../test/gaussian-parts.ts"
import { gaussianWorld, type WorldChanges } from "../../test/gaussian-world.ts"
import type { PredictInput } from "../services/denoiser.ts"
import { EngineError, PipelineError } from "../services/errors.ts"
import { levelAt } from "../noise/noise-levels.ts"
import { generate } from "./generate.ts"
import { Random } from "../random/random.ts"
import type { GenerateRequest } from "./pipeline-request.ts"
import { Tensor, type Video } from "../tensor/tensor.ts"
import type { VideoVaeShape } from "../services/video-vae.ts"

const request: GenerateRequest = {
  prompt: "fox",
  seed: 4,
  steps: 10,
  guidanceScale: 1,
  frames: 9,
  height: 16,
  width: 16,
}

/** Frames of one colour each, so that their latents are known: 2·(50 + 10 t)/255 − 1. */
const videoOf = (frames: number): Video =>
  Tensor.from(
    "batch frames height width channels",
    [1, frames, 16, 16, 3],
    Uint8Array.from({ length: frames * 768 }, (_, i) => 50 + 10 * Math.floor(i / 768)),
    "uint8",
  )
const colour = (frame: number): number => (2 * (50 + 10 * frame)) / 255 - 1
const spread = Math.exp(-1.5)

/** The network's first input. */
const firstInput = async (asked: GenerateRequest, imageConditioned: boolean): Promise<PredictInput> => {
  const inputs: Array<PredictInput> = []
  const world = gaussianWorld({
    denoiser: { imageConditioned, predict: (input) => (inputs.push(input), normals.predict(input)) },
  })
  await world.events(generate(asked))
  return inputs[0]!
}

const expectClose = (found: Float32Array, expected: ReadonlyArray<number>): void => {
  expect(found.length).toBe(expected.length)
  for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 5)
}

describe("image-to-video", () => {
  it("draws for the image first, then the noise, and shows the image beside the first frame only", async () => {
    const random = Random.torch(4)
    const { sample, image } = await firstInput({ ...request, image: videoOf(1) }, true)
    const first = Array.from(random.normal(3 * 4), (n) => colours.imageScalingFactor * (colour(0) + spread * n))
    expectClose(image!.slice("frames", 0, 1).values(), first)
    expect(image!.slice("frames", 1, 3).values()).toEqual(new Float32Array(2 * 3 * 4))
    expect(sample.values()).toEqual(random.normal(3 * 3 * 4))
  })

  it("puts the image where the padding is when there is some, as the reference does", async () => {
    const inputs: Array<PredictInput> = []
    const world = gaussianWorld({
      denoiser: {
        imageConditioned: true,
        patch: { frames: 2, height: 2, width: 2 },
        predict: (input) => (inputs.push(input), normals.predict(input)),
      },
    })
    await world.events(generate({ ...request, image: videoOf(1) }))
    const { image } = inputs[0]!
    expect(image!.shape).toEqual([1, 4, 3, 2, 2])
    expect(image!.slice("frames", 0, 1).values()).not.toEqual(new Float32Array(12))
    expect(image!.slice("frames", 1, 4).values()).toEqual(new Float32Array(36))
    expect(world.calls.at(-1)).toBe("decode 3")
  })
})

describe("video-to-video", () => {
  it("draws for the video first, channels before frames, then the noise of the step that the strength asks for", async () => {
    const random = Random.torch(4)
    const { sample, level, image } = await firstInput({ ...request, video: videoOf(9), strength: 0.6 }, false)
    // Latent frame 0 is frame 0; the next two are the means of frames 1…4 and 5…8.
    const means = [colour(0), colour(2.5), colour(6.5)]
    const posterior = random.normal(3 * 3 * 4)
    const noise = random.normal(3 * 3 * 4)
    const { alpha, sigma } = levelAt(diffusion, 999 * 0.6)
    const expected = Array.from(noise, (n, i) => {
      const [frame, channel, position] = [Math.floor(i / 12), Math.floor(i / 4) % 3, i % 4]
      const clean = means[frame]! + spread * posterior[(channel * 3 + frame) * 4 + position]!
      return alpha * colours.scalingFactor * clean + sigma * n
    })
    expectClose(sample.values(), expected)
    expect(level).toEqual(levelAt(diffusion, 999 * 0.6))
    expect(image).toBeUndefined()
  })

  it("does as many steps as the strength asks for, 0.8 of them by default", async () => {
    for (const [strength, steps] of [
      [{}, 8],
      [{ strength: 1 }, 10],
      [{ strength: 0.35 }, 3],
      [{ strength: 0.1 }, 1],
    ] as const) {
      const events = await gaussianWorld().events(generate({ ...request, video: videoOf(9), ...strength }))
      const ends = events.filter((event) => event.type === "step-end")
      expect(ends.map(({ index, total }) => [index, total])).toEqual(
        Array.from({ length: steps }, (_, index) => [index, steps]),
      )
    }
  })

  it("keeps nothing of the video at a strength of 1", async () => {
    const { sample } = await firstInput({ ...request, video: videoOf(9), strength: 1 }, false)
    const random = Random.torch(4)
    random.normal(36)
    expect(sample.values()).toEqual(random.normal(36))
  })
})

describe("a VAE's encoder", () => {
  const failing = (encode: VideoVaeShape["encode"]): WorldChanges => ({ vae: { encode } })

  it.each<readonly [string, WorldChanges, message: string]>([
    [
      "another shape",
      failing((video) => colours.encode(video.slice("frames", 0, 1).contiguous())),
      "The VAE's encoder gave latents of [1, 3, 1, 2, 2] for frames of [1, 9, 16, 16, 3]: [1, 3, 3, 2, 2] is needed",
    ],
    [
      "NaN",
      failing((video) =>
        Effect.map(colours.encode(video), ({ mean, logVariance }) => ({
          mean: Tensor.from(mean.layout, mean.shape, mean.values().fill(Number.NaN)),
          logVariance,
        })),
      ),
      "The VAE's encoder gave values that are not finite for the video",
    ],
    ["an exception", failing(() => Effect.die(new Error("no kernel"))), "The VAE's encoder failed: no kernel"],
  ])("is named when it answers with %s, and no step is made", async (_, changes, message) => {
    const world = gaussianWorld(changes)
    const error = await world.error(generate({ ...request, video: videoOf(9) }))
    expect(error).toBeInstanceOf(PipelineError)
    expect(error.message).toContain(message)
    expect(world.calls).toEqual(['text "fox"', "encode"])
  })

  it("passes its own error on", async () => {
    const failure = new EngineError({ message: "The engine has stopped." })
    const world = gaussianWorld(failing(() => Effect.fail(failure)))
    expect(await world.error(generate({ ...request, video: videoOf(9) }))).toBe(failure)
  })
})
