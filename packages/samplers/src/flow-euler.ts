import { linearCombination, rectifiedFlow, type SamplerShape } from "@auteur/core"
import type { FlowSettings } from "./flow-sigmas.ts"
import { normalLike } from "./normal-like.ts"
import { advance, currentLevel } from "./run-position.ts"

export interface FlowEulerSettings extends FlowSettings {
  /** Whether each step mixes the clean latents with fresh noise in place of the predicted noise. */
  readonly stochastic: boolean
}

/**
 * Euler steps along rectified flow: x + (σ′ − σ)·v with v = noise − clean (arXiv 2209.03003).
 *
 * As x = (1 − σ)·clean + σ·noise, that is (1 − σ′)·clean + σ′·noise.
 */
export const flowEuler = (settings: FlowEulerSettings): SamplerShape => ({
  name: "flow-euler",
  process: rectifiedFlow,
  plan: (steps) => ({ levels: settings.grid(steps) }),
  step: (plan, state, { clean, noise }, random) => {
    currentLevel(plan, state)
    const sigma = plan.levels[state.index + 1]?.sigma ?? 0
    const sample = linearCombination([
      [1 - sigma, clean],
      [sigma, settings.stochastic ? normalLike(state.sample, random) : noise],
    ])
    return advance(state, sample)
  },
})
