import { linearCombination, normalLike, rectifiedFlow, type SamplerShape } from "@auteur/core"
import { currentLevel, nextState } from "./sampler-state.ts"
import { type FlowSettings, noNoise } from "./sigmas.ts"

export interface FlowEulerSettings extends FlowSettings {
  /** Whether each step adds fresh noise to the clean latents instead of the predicted noise. */
  readonly stochastic: boolean
}

/** Euler's step to the schedule's next σ′, whether it is lower or higher: (1 − σ′) · clean + σ′ · noise. */
export const flowEulerStep: SamplerShape["step"] = (schedule, state, { clean, noise }) => {
  currentLevel(schedule, state)
  const { sigma } = schedule.levels[state.index + 1] ?? schedule.end ?? noNoise
  const sample = linearCombination([
    [1 - sigma, clean],
    [sigma, noise],
  ])
  return nextState(state, sample)
}

/**
 * Euler's method along rectified flow: x′ = x + (σ′ − σ) · v with v = noise − clean (arXiv 2209.03003).
 *
 * As x = (1 − σ) · clean + σ · noise, x′ = (1 − σ′) · clean + σ′ · noise.
 */
export const flowEuler = (settings: FlowEulerSettings): SamplerShape => ({
  name: "flow-euler",
  process: rectifiedFlow,
  schedule: (steps) => ({ levels: settings.grid(steps) }),
  step: settings.stochastic
    ? (schedule, state, { clean }, random) =>
        flowEulerStep(schedule, state, { clean, noise: normalLike(state.sample, random) }, random)
    : flowEulerStep,
})
