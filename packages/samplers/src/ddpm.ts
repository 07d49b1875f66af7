import { linearCombination, normalLike, type SamplerShape } from "@auteur/core"
import { currentLevel, nextState } from "./sampler-state.ts"
import { clipped, diffusionSchedule, type DiffusionSettings } from "./timesteps.ts"

/** The variance of a step: the posterior's β̃ (`fixed_small`, the same by its logarithm), or β (`fixed_large`). */
export type DdpmVariance = "fixed_small" | "fixed_small_log" | "fixed_large"

export interface DdpmSettings extends DiffusionSettings {
  readonly variance: DdpmVariance
}

/**
 * Ancestral sampling: a draw from q(x_{t−1} | x_t, x_0) with the predicted clean latents x̂₀ for x_0 (arXiv 2006.11239 eq. 6 and 7).
 *
 * x_{t−1} = √ᾱ_{t−1} β_t / (1 − ᾱ_t) · x̂₀ + √α_t (1 − ᾱ_{t−1}) / (1 − ᾱ_t) · x_t + √β̃_t · z, β̃_t = (1 − ᾱ_{t−1}) / (1 − ᾱ_t) · β_t.
 * One draw z per step, and none at timestep 0.
 */
export const ddpm = (settings: DdpmSettings): SamplerShape => ({
  name: "ddpm",
  process: settings.process,
  schedule: (steps) => diffusionSchedule(settings, steps),
  step: (schedule, state, prediction, random) => {
    const { timestep: t } = currentLevel(schedule, state)
    const next = schedule.levels[state.index + 1]
    // In float32 like the reference: β_t = 1 − ᾱ_t/ᾱ_{t−1} cancels, and over many steps the rounding shows.
    const round = Math.fround
    const table = settings.process.alphasCumprod
    const alphaBar = round(table[t]!) // ᾱ_t
    const alphaBarNext = next === undefined ? 1 : round(table[next.timestep]!) // ᾱ_{t−1}
    const alpha = round(alphaBar / alphaBarNext)
    const beta = round(1 - alpha)
    const [rest, restNext] = [round(1 - alphaBar), round(1 - alphaBarNext)]
    const mean = [
      [round(round(round(Math.sqrt(alphaBarNext)) * beta) / rest), clipped(prediction.clean, settings.clip)],
      [round(round(round(Math.sqrt(alpha)) * restNext) / rest), state.sample],
    ] as const
    if (t === 0) return nextState(state, linearCombination(mean))
    const posterior = Math.max(round(round(restNext / rest) * beta), 1e-20) // β̃_t
    const deviation = Math.sqrt(settings.variance === "fixed_large" ? beta : posterior)
    return nextState(state, linearCombination([...mean, [deviation, normalLike(state.sample, random)]]))
  },
})
