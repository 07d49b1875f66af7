import { linearCombination, normalLike, rectifiedFlow, type SamplerShape } from "@auteur/core"
import { type FlowSettings, noNoise } from "./flow-sigmas.ts"
import { advance, currentLevel } from "./run-position.ts"

export interface FlowEulerSettings extends FlowSettings {
  /** Whether each step mixes the clean latents with fresh noise in place of the predicted noise. */
  readonly stochastic: boolean
}

/** Euler's step to the plan's next level, whether σ falls or rises: (1 − σ′)·clean + σ′·noise. */
export const flowEulerStep: SamplerShape["step"] = (schedule, state, { clean, noise }) => {
  currentLevel(schedule, state)
  const { sigma } = schedule.levels[state.index + 1] ?? schedule.end ?? noNoise
  const sample = linearCombination([
    [1 - sigma, clean],
    [sigma, noise],
  ])
  return advance(state, sample)
}

/**
 * Euler steps along rectified flow: x + (σ′ − σ)·v with v = noise − clean (arXiv 2209.03003).
 *
 * As x = (1 − σ)·clean + σ·noise, that is (1 − σ′)·clean + σ′·noise.
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
