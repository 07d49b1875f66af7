import { describe, expect, it } from "vitest"
import { gaussianWorld } from "../../test/gaussian-world.ts"
import { diffusion } from "../../test/gaussian-parts.ts"
import { deterministic } from "../../test/small-samplers.ts"
import { RequestError } from "../services/errors.ts"
import { generate } from "./generate.ts"
import type { GenerateRequest } from "./pipeline-request.ts"
import { Tensor } from "../tensor/tensor.ts"

const request: GenerateRequest = { prompt: "fox", seed: 1, steps: 2, guidanceScale: 1 }
const image = Tensor.zeros("batch frames height width channels", [1, 1, 32, 48, 3], "uint8")
const video = Tensor.zeros("batch frames height width channels", [1, 9, 32, 48, 3], "uint8")

describe("a request", () => {
  it.each<readonly [string, Partial<GenerateRequest>, message: string]>([
    ["an empty prompt", { prompt: " \n" }, "The prompt is empty: say what the video should show."],
    ["no steps", { steps: 0 }, "steps is 0; it has to be a whole number from 1 to 1000."],
    ["steps beyond counting", { steps: 1e9 }, "steps is 1000000000; it has to be a whole number from 1 to 1000."],
    ["half a step", { steps: 2.5 }, "steps is 2.5; it has to be a whole number from 1 to 1000."],
    ["NaN steps", { steps: Number.NaN }, "steps is NaN; it has to be a whole number from 1 to 1000."],
    [
      "a guidance of NaN",
      { guidanceScale: Number.NaN },
      "guidanceScale is NaN; it has to be a number from -1000 to 1000.",
    ],
    [
      "a guidance without end",
      { guidanceScale: Infinity },
      "guidanceScale is Infinity; it has to be a number from -1000 to 1000.",
    ],
    ["previews at odd times", { previewEvery: 0.5 }, "previewEvery is 0.5; it has to be a whole number of at least 0."],
    [
      "previews before the start",
      { previewEvery: -1 },
      "previewEvery is -1; it has to be a whole number of at least 0.",
    ],
    ["a seed with a fraction", { seed: 1.5 }, "seed is 1.5; it has to be a whole number from -2^63 to 2^64 - 1."],
    [
      "a seed that has lost digits",
      { seed: 2 ** 60 },
      "seed is 1152921504606847000; it has to be a whole number from -2^63 to 2^64 - 1.",
    ],
    [
      "a seed of 65 bits",
      { seed: 2n ** 64n },
      "seed is 18446744073709551616; it has to be a whole number from -2^63 to 2^64 - 1.",
    ],
    ["an image and a video", { image, video }, "An image and a video are both given to start from: give one of them."],
    [
      "an image for a text-to-video model",
      { image },
      "normals takes no image: use an image-to-video model, or leave the image out.",
    ],
    ["a negative strength", { video, strength: -0.1 }, "strength is -0.1; it has to be a number from 0 to 1."],
    ["a strength above 1", { video, strength: 2 }, "strength is 2; it has to be a number from 0 to 1."],
    ["a strength of NaN", { video, strength: Number.NaN }, "strength is NaN; it has to be a number from 0 to 1."],
    ["a strength of 0", { video, strength: 0 }, "A strength of 0 leaves none of 2 steps to do: give at least 0.5."],
    ["7 frames", { frames: 7 }, "A video of 7 frames cannot be made: the nearest lengths are 1 and 8 frames."],
  ])("with %s is refused before any work", async (_, change, message) => {
    const world = gaussianWorld()
    const error = await world.error(generate({ ...request, ...change }))
    expect(error).toBeInstanceOf(RequestError)
    expect(error.message).toBe(message)
    expect(world.calls).toEqual([])
  })

  it("without an image is refused by an image-to-video model", async () => {
    const world = gaussianWorld({ denoiser: { imageConditioned: true } })
    const error = await world.error(generate(request))
    expect(error).toBeInstanceOf(RequestError)
    expect(error.message).toBe("normals is an image-to-video model: give it the first frame as an image.")
    expect(world.calls).toEqual([])
  })

  it("is refused in the sampler's own words for steps that it cannot make", async () => {
    const refusal = new RequestError({
      message: "The number of steps must be a whole number from 1 to 1000; it is 2000.",
    })
    const planning = (thrown: Error) =>
      gaussianWorld({
        sampler: {
          ...deterministic(diffusion),
          schedule: () => {
            throw thrown
          },
        },
      })
    expect(await planning(refusal).error(generate(request))).toBe(refusal)
    const error = await planning(new TypeError("no table")).error(generate(request))
    expect(error).toBeInstanceOf(RequestError)
    expect(error.message).toBe(
      'The request cannot be planned with the model "normals" and the sampler "deterministic": no table',
    )
  })
})
