import { linearCombination, log, normalLike, type SamplerShape } from "@auteur/core"
import {
  alphaCumprodAt,
  clipped,
  diffusionPlan,
  type DiffusionSettings,
  steppedTimestep,
} from "./diffusion-settings.ts"
import { advance, currentLevel, remembered } from "./run-position.ts"

/** λ, half the logarithm of the signal-to-noise ratio. */
const halfLogSnr = (alphaBar: number): number => log(alphaBar / (1 - alphaBar)) / 2

/** 1/(2r) with r = (λ − λ_back)/(λ_to − λ): how far the line through the last two clean estimates is followed. */
const extrapolation = (back: number, at: number, to: number): number =>
  // Pure noise lies infinitely far back.
  back === 0 ? 0 : (halfLogSnr(to) - halfLogSnr(at)) / (2 * (halfLogSnr(at) - halfLogSnr(back)))

/**
 * SDE-DPM-Solver++(2M), as CogVideoX runs it (arXiv 2211.01095; its multistep SDE form).
 *
 * The first step of a run and the step to no noise are of first order and draw once; every other step draws twice
 * and uses the second draw, as the reference does.
 */
export const dpmSolver = (settings: DiffusionSettings): SamplerShape => ({
  name: "dpm",
  process: settings.process,
  schedule: (steps) => diffusionPlan(settings, steps),
  step: (schedule, state, prediction, random) => {
    const { timestep } = currentLevel(schedule, state)
    const next = steppedTimestep(settings, timestep, schedule.levels.length)
    const at = alphaCumprodAt(settings, timestep)
    const to = alphaCumprodAt(settings, next)
    const clean = clipped(prediction.clean, settings.clip)

    // With h = λ_to − λ, written so that pure noise and no noise need no infinity: e^{−2h} and 1 − e^{−2h}.
    const decay = (at * (1 - to)) / ((1 - at) * to)
    const gain = (to - at) / ((1 - at) * to)
    const keep = Math.sqrt(((1 - to) / (1 - at)) * decay)
    const pull = gain * Math.sqrt(to)
    const stir = Math.sqrt((1 - to) * gain)

    let noise = normalLike(state.sample, random)
    if (state.index === state.beginIndex || next < 0) {
      const sample = linearCombination([
        [keep, state.sample],
        [pull, clean],
        [stir, noise],
      ])
      return advance(state, sample, { clean })
    }
    noise = normalLike(state.sample, random)
    const ahead = extrapolation(alphaCumprodAt(settings, schedule.levels[state.index - 1]!.timestep), at, to)
    const sample = linearCombination([
      [keep, state.sample],
      [pull * (1 + ahead), clean],
      [-pull * ahead, remembered(state, "clean")],
      [stir, noise],
    ])
    return advance(state, sample, { clean })
  },
})
