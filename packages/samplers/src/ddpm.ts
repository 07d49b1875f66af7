import { linearCombination, normalLike, type SamplerShape } from "@auteur/core"
import { clipped, diffusionPlan, type DiffusionSettings } from "./diffusion-settings.ts"
import { advance, currentLevel } from "./run-position.ts"

/** The variance of a step: the posterior's (`fixed_small`, the same by its logarithm), or β (`fixed_large`). */
export type DdpmVariance = "fixed_small" | "fixed_small_log" | "fixed_large"

export interface DdpmSettings extends DiffusionSettings {
  readonly variance: DdpmVariance
}

/**
 * Ancestral sampling: draws from q(x_{t−1} | x_t, x_0) with the predicted clean latents for x_0.
 *
 * arXiv 2006.11239 eq. 6 and 7. One draw per step, none at timestep 0.
 */
export const ddpm = (settings: DdpmSettings): SamplerShape => ({
  name: "ddpm",
  process: settings.process,
  schedule: (steps) => diffusionPlan(settings, steps),
  step: (schedule, state, prediction, random) => {
    const { timestep } = currentLevel(schedule, state)
    const next = schedule.levels[state.index + 1]
    // In float32 like the reference: β = 1 − ᾱ_t/ᾱ_next cancels, and over many steps the rounding shows.
    const round = Math.fround
    const table = settings.process.alphasCumprod
    const at = round(table[timestep]!)
    const to = next === undefined ? 1 : round(table[next.timestep]!)
    const alpha = round(at / to)
    const beta = round(1 - alpha)
    const [noiseAt, noiseTo] = [round(1 - at), round(1 - to)]
    const mean = [
      [round(round(round(Math.sqrt(to)) * beta) / noiseAt), clipped(prediction.clean, settings.clip)],
      [round(round(round(Math.sqrt(alpha)) * noiseTo) / noiseAt), state.sample],
    ] as const
    if (timestep === 0) return advance(state, linearCombination(mean))
    const posterior = Math.max(round(round(noiseTo / noiseAt) * beta), 1e-20)
    const deviation = Math.sqrt(settings.variance === "fixed_large" ? beta : posterior)
    return advance(state, linearCombination([...mean, [deviation, normalLike(state.sample, random)]]))
  },
})
