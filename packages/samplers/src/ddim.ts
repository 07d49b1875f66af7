import { linearCombination, type SamplerShape } from "@auteur/core"
import {
  alphaCumprodAt,
  clipped,
  diffusionPlan,
  type DiffusionSettings,
  steppedTimestep,
} from "./diffusion-settings.ts"
import { advance, currentLevel } from "./run-position.ts"

/**
 * DDIM without added noise: the same clean latents and the same noise, mixed for the next timestep.
 *
 * arXiv 2010.02502 eq. 12 with η = 0; the timesteps of CogVideoX's DDIM.
 */
export const ddim = (settings: DiffusionSettings): SamplerShape => ({
  name: "ddim",
  process: settings.process,
  schedule: (steps) => diffusionPlan(settings, steps),
  step: (schedule, state, { clean, noise }) => {
    const { timestep } = currentLevel(schedule, state)
    const alphaBar = alphaCumprodAt(settings, steppedTimestep(settings, timestep, schedule.levels.length))
    const sample = linearCombination([
      [Math.sqrt(alphaBar), clipped(clean, settings.clip)],
      [Math.sqrt(1 - alphaBar), noise],
    ])
    return advance(state, sample)
  },
})
