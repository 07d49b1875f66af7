import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { deviation, diffusion, meanOf, normals, posteriorMeans } from "../../test/gaussian-parts.ts"
import { gaussianWorld, type WorldChanges } from "../../test/gaussian-world.ts"
import { cogvideoxTable } from "../../test/cogvideox-table.ts"
import { deterministic, stochasticMultistep } from "../../test/small-samplers.ts"
import type { DenoiserShape } from "../services/denoiser.ts"
import { EngineError, PipelineError } from "../services/errors.ts"
import type { GuidanceShape } from "../services/guidance.ts"
import { levelAt, matchLevel, rectifiedFlow, variancePreserving } from "../noise/noise-levels.ts"
import type { Level, NoiseProcess } from "../noise/noise-process.ts"
import { generate } from "./generate.ts"
import { Random } from "../random/random.ts"
import type { GenerateRequest } from "./pipeline-request.ts"
import type { SamplerShape } from "../services/sampler.ts"
import { type Latents, Tensor } from "../tensor/tensor.ts"
import { mean, std } from "../tensor/tensor-statistics.ts"

const request: GenerateRequest = { prompt: "fox", seed: 4, steps: 4, guidanceScale: 1 }
const large: GenerateRequest = { ...request, frames: 17, height: 64, width: 64 }

/** The latents after the last step. */
const made = async (asked: GenerateRequest, changes: WorldChanges): Promise<Latents> => {
  const events = await gaussianWorld(changes).events(generate(asked))
  return events.findLast((event) => event.type === "step-end")!.latents
}

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (x, i) => Math.abs(x - b[i]!)))

const flow: Partial<DenoiserShape> = { process: rectifiedFlow }
const shifted = variancePreserving(cogvideoxTable(3))

describe("sampling", () => {
  const routes: ReadonlyArray<readonly [string, NoiseProcess, Partial<DenoiserShape>]> = [
    ["diffusion in its own coordinates", diffusion, {}],
    ["rectified flow in its own coordinates", rectifiedFlow, flow],
    ["diffusion in coordinates of rectified flow", rectifiedFlow, {}],
    ["rectified flow in coordinates of diffusion", diffusion, flow],
    ["diffusion in coordinates of diffusion with another SNR", shifted, {}],
  ]

  // The probability flow of a normal is a straight rescaling: noise z ends at m + s·z.
  it.each(routes)("takes each noise to where %s has to take it", async (_, process, denoiser) => {
    const changes = { denoiser, sampler: deterministic(process) }
    const halfway = await made({ ...large, steps: 200 }, changes)
    const latents = await made({ ...large, steps: 400 }, changes)
    const noise = Random.torch(large.seed).normal(latents.size)
    const expected = noise.map((z) => meanOf("fox") + deviation * z)
    const error = largestDifference(latents.values(), expected)
    expect(error).toBeLessThan(0.06)
    // A method of first order halves its error with twice the steps.
    expect(error).toBeLessThan(0.6 * largestDifference(halfway.values(), expected))
    expect(Math.abs(mean(latents) - meanOf("fox"))).toBeLessThan(0.05)
    expect(Math.abs(std(latents) - deviation)).toBeLessThan(0.05)
  })

  it("with fresh noise at each step reaches the distribution, from other noise to another sample", async () => {
    const changes = { sampler: stochasticMultistep(diffusion) }
    const latents = await made({ ...large, steps: 400 }, changes)
    expect(Math.abs(mean(latents) - meanOf("fox"))).toBeLessThan(0.05)
    const other = await made({ ...large, steps: 400, seed: 5 }, changes)
    expect(largestDifference(latents.values(), other.values())).toBeGreaterThan(0.5)
  })

  it("gives the same, whichever process the network was trained on, at equal signal-to-noise ratios", async () => {
    const sampler = deterministic(rectifiedFlow)
    const [a, b, c] = await Promise.all([
      made(large, { sampler, denoiser: flow }),
      made(large, { sampler }),
      made(large, { sampler, denoiser: { process: shifted } }),
    ])
    expect(largestDifference(a.values(), b.values())).toBeLessThan(1e-5)
    expect(largestDifference(a.values(), c.values())).toBeLessThan(1e-5)
  })

  it("asks the network at levels of its own process", async () => {
    const asked: Array<Level> = []
    const predict: DenoiserShape["predict"] = (input) => (asked.push(input.level), normals.predict(input))
    await made(request, { sampler: deterministic(rectifiedFlow), denoiser: { predict } })
    const expected = [1000, 750, 500, 250].map((t) => matchLevel(diffusion, levelAt(rectifiedFlow, t)).level)
    expect(asked).toEqual(expected)
    asked.length = 0
    await made(request, { denoiser: { predict } })
    expect(asked).toEqual([999, 749.25, 499.5, 249.75].map((t) => levelAt(diffusion, t)))
  })

  it("starts from the seed's noise and from no other", async () => {
    const samples: Array<Latents> = []
    const predict: DenoiserShape["predict"] = (input) => (samples.push(input.sample), normals.predict(input))
    await made({ ...request, seed: 2n ** 60n + 9n }, { denoiser: { predict } })
    expect(samples[0]!.shape).toEqual([1, 3, 3, 4, 6])
    expect(samples[0]!.values()).toEqual(Random.torch(2n ** 60n + 9n).normal(3 * 3 * 4 * 6))
  })
})

describe("guidance", () => {
  it("extrapolates from the negative prompt through the prompt", async () => {
    const [fox, cat] = [meanOf("fox"), meanOf("a cat")]
    const latents = await made({ ...large, guidanceScale: 3, negativePrompt: "a cat", steps: 400 }, {})
    expect(Math.abs(mean(latents) - (cat + 3 * (fox - cat)))).toBeLessThan(0.05)
  })

  it("is told the network's timestep and the step's place", async () => {
    const told: Array<readonly number[]> = []
    const combine: GuidanceShape["combine"] = ({ level, index, steps, scale, conditional }) => {
      told.push([level.timestep, index, steps, scale])
      return conditional
    }
    await made({ ...request, guidanceScale: 3 }, { guidance: { combine }, sampler: deterministic(rectifiedFlow) })
    const levels = [1000, 750, 500, 250].map((t) => matchLevel(diffusion, levelAt(rectifiedFlow, t)).level)
    expect(told).toEqual(levels.map(({ timestep }, index) => [timestep, index, 4, 3]))
  })
})

describe("a part that answers with something unusable", () => {
  const filled = (like: Latents, value: number): Latents =>
    Tensor.from(like.layout, like.shape, new Float32Array(like.size).fill(value))
  const wrong = (like: Latents): Latents => Tensor.from(like.layout, [1, 1, 1, 1, like.size], like.values())
  const denoising = (change: (sample: Latents) => ReturnType<typeof posteriorMeans> | undefined): WorldChanges => ({
    denoiser: {
      predict: ({ sample }) =>
        Effect.sync(() => {
          const answer = change(sample)
          return answer === undefined ? [] : [answer]
        }),
    },
  })
  const good = deterministic(diffusion)
  const stepping = (step: SamplerShape["step"]): WorldChanges => ({ sampler: { ...good, step } })

  it.each<readonly [string, WorldChanges, message: string]>([
    [
      "a network's NaN",
      denoising((sample) => ({ clean: filled(sample, Number.NaN), noise: sample })),
      'The model "normals" gave clean latents with values that are not finite at step 1 of 4',
    ],
    [
      "a network's infinity",
      denoising((sample) => ({ clean: sample, noise: filled(sample, Infinity) })),
      'The model "normals" gave noise with values that are not finite at step 1 of 4',
    ],
    [
      "a network's shape",
      denoising((sample) => ({ clean: wrong(sample), noise: sample })),
      'The model "normals" gave clean latents of [1, 1, 1, 1, 216] for a sample of [1, 3, 3, 4, 6] at step 1 of 4',
    ],
    [
      "a missing prediction",
      denoising(() => undefined),
      'The model "normals" gave 0 predictions for 1 texts at step 1 of 4',
    ],
    [
      "a network's exception",
      denoising(() => {
        throw new TypeError("x is undefined")
      }),
      'The model "normals" at step 1 of 4 failed: x is undefined',
    ],
    [
      "a sampler's NaN",
      stepping((schedule, state, prediction, random) => {
        const next = good.step(schedule, state, prediction, random)
        return state.index < 2 ? next : { ...next, sample: filled(next.sample, Number.NaN) }
      }),
      'The sampler "deterministic" gave values that are not finite at step 3 of 4',
    ],
    [
      "a sampler's shape",
      stepping((schedule, state, prediction, random) => {
        const next = good.step(schedule, state, prediction, random)
        return { ...next, sample: wrong(next.sample) }
      }),
      'The sampler "deterministic" gave latents of [1, 1, 1, 1, 216] for [1, 3, 3, 4, 6] at step 1 of 4',
    ],
    [
      "a sampler that stands still",
      stepping((_plan, state) => state),
      'The sampler "deterministic" went from step 0 of a run that began at step 0 to step 0',
    ],
    [
      "a sampler's exception",
      stepping(() => {
        throw new RangeError("out of memory")
      }),
      'The sampler "deterministic" at step 1 of 4 failed: out of memory',
    ],
    [
      "a sampler's own sentence",
      stepping(() => {
        throw new PipelineError({ message: "The state lacks what the step before left." })
      }),
      "The state lacks what the step before left.",
    ],
  ])("ends the run for %s, and is named", async (_, changes, message) => {
    const error = await gaussianWorld(changes).error(generate(request))
    expect(error).toBeInstanceOf(PipelineError)
    expect(error.message).toContain(message)
  })

  it.each<readonly [string, NonNullable<WorldChanges["guidance"]>, message: string]>([
    [
      "NaN",
      { combine: ({ conditional }) => ({ ...conditional, noise: filled(conditional.noise, Number.NaN) }) },
      'The guidance "classifier-free" gave noise with values that are not finite at step 1 of 4',
    ],
    [
      "an exception",
      {
        combine: () => {
          throw new Error("no such strength")
        },
      },
      'The guidance "classifier-free" at step 1 of 4 failed: no such strength',
    ],
  ])("ends the run for a guidance's %s", async (_, guidance, message) => {
    const error = await gaussianWorld({ guidance }).error(generate({ ...request, guidanceScale: 3 }))
    expect(error).toBeInstanceOf(PipelineError)
    expect(error.message).toContain(message)
  })

  it("keeps what was thrown as the cause", async () => {
    const thrown = new TypeError("x is undefined")
    const error = await gaussianWorld({ denoiser: { predict: () => Effect.die(thrown) } }).error(generate(request))
    expect(error.cause).toBe(thrown)
  })

  it("passes on an error that a network fails with", async () => {
    const failure = new EngineError({ message: "The engine has stopped." })
    const error = await gaussianWorld({ denoiser: { predict: () => Effect.fail(failure) } }).error(generate(request))
    expect(error).toBe(failure)
  })
})
