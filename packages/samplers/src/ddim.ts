import { linearCombination, type SamplerShape } from "@auteur/core"
import { currentLevel, nextState } from "./sampler-state.ts"
import { alphaCumprodAt, clipped, diffusionSchedule, type DiffusionSettings, previousTimestep } from "./timesteps.ts"

/**
 * DDIM without added noise (arXiv 2010.02502 eq. 12 with η = 0), at the timesteps of CogVideoX's DDIM.
 *
 * x_{t−1} = √ᾱ_{t−1} · x̂₀ + √(1 − ᾱ_{t−1}) · ε̂, with the clean latents x̂₀ and the noise ε̂ that the network predicts at t.
 */
export const ddim = (settings: DiffusionSettings): SamplerShape => ({
  name: "ddim",
  process: settings.process,
  schedule: (steps) => diffusionSchedule(settings, steps),
  step: (schedule, state, { clean, noise }) => {
    currentLevel(schedule, state)
    const alphaBar = alphaCumprodAt(settings, previousTimestep(settings, schedule, state.index)) // ᾱ_{t−1}
    const sample = linearCombination([
      [Math.sqrt(alphaBar), clipped(clean, settings.clip)],
      [Math.sqrt(1 - alphaBar), noise],
    ])
    return nextState(state, sample)
  },
})
