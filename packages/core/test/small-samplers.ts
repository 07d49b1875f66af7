import { levelAt } from "../src/noise/noise-levels.ts"
import type { Level, NoiseProcess } from "../src/noise/noise-process.ts"
import type { Schedule, SamplerShape } from "../src/services/sampler.ts"
import { Tensor } from "../src/tensor/tensor.ts"
import { linearCombination } from "../src/tensor/tensor-arithmetic.ts"

const noNoise: Level = { alpha: 1, sigma: 0, timestep: -1 }

const evenLevels = (process: NoiseProcess, steps: number): ReadonlyArray<Level> => {
  const last = process.kind === "rectified-flow" ? 1000 : process.alphasCumprod.length - 1
  return Array.from({ length: steps }, (_, i) => levelAt(process, last * (1 - i / steps)))
}

const after = (schedule: Schedule, index: number): Level => schedule.levels[index + 1] ?? noNoise

/** The same clean latents and the same noise, mixed for the next level: DDIM on diffusion, Euler on rectified flow. */
export const deterministic = (process: NoiseProcess): SamplerShape => ({
  name: "deterministic",
  process,
  schedule: (steps) => ({ levels: evenLevels(process, steps) }),
  step: (schedule, { index, beginIndex }, { clean, noise }) => {
    const { alpha, sigma } = after(schedule, index)
    const sample = linearCombination([
      [alpha, clean],
      [sigma, noise],
    ])
    return { index: index + 1, beginIndex, sample, history: {} }
  },
})

/** Follows the line through the last two clean estimates and replaces a part of the noise by a fresh draw. */
export const stochasticMultistep = (process: NoiseProcess): SamplerShape => ({
  name: "stochastic-multistep",
  process,
  schedule: (steps) => ({ levels: evenLevels(process, steps) }),
  step: (schedule, { index, beginIndex, history }, { clean, noise }, random) => {
    const { alpha, sigma } = after(schedule, index)
    const fresh = Tensor.from(noise.layout, noise.shape, random.normal(noise.size))
    const ahead = linearCombination([
      [1.5, clean],
      [-0.5, history["clean"] ?? clean],
    ])
    const sample = linearCombination([
      [alpha, ahead],
      [0.8 * sigma, noise],
      [0.6 * sigma, fresh],
    ])
    return { index: index + 1, beginIndex, sample, history: { clean } }
  },
})

/** Asks twice at each level but the first, as Heun's method does, and steps at every second answer. */
export const twicePerStep = (process: NoiseProcess): SamplerShape => ({
  ...deterministic(process),
  name: "twice-per-step",
  schedule: (steps) => ({
    levels: evenLevels(process, steps).flatMap((level, i) => (i === 0 ? [level] : [level, level])),
  }),
})
