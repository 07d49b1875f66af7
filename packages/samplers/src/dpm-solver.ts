import { linearCombination, log, normalLike, type SamplerShape } from "@auteur/core"
import { currentLevel, historyOf, nextState } from "./sampler-state.ts"
import { alphaCumprodAt, clipped, diffusionSchedule, type DiffusionSettings, previousTimestep } from "./timesteps.ts"

/** λ = ½ ln(ᾱ / (1 − ᾱ)), half the logarithm of the signal-to-noise ratio. */
const lambda = (alphaBar: number): number => log(alphaBar / (1 - alphaBar)) / 2

/** 1/(2r) with r = (λ_s − λ_r)/(λ_t − λ_s), for the ᾱ of the step before, of this one and of the next. */
const halfInverseRatio = (before: number, at: number, next: number): number =>
  // The λ of pure noise is −∞.
  before === 0 ? 0 : (lambda(next) - lambda(at)) / (2 * (lambda(at) - lambda(before)))

/**
 * SDE-DPM-Solver++(2M), as CogVideoX runs it (arXiv 2211.01095 §5).
 *
 * With h = λ_t − λ_s: x_t = σ_t/σ_s e^{−h} · x_s + α_t (1 − e^{−2h}) · D + σ_t √(1 − e^{−2h}) · z. The first step of a run and the step
 * to no noise are of first order, D = x̂₀, and draw once. The others have D = (1 + 1/(2r)) · x̂₀ − 1/(2r) · x̂₀ of the step before, and
 * draw twice, of which the second draw is z, as in the reference.
 */
export const dpmSolver = (settings: DiffusionSettings): SamplerShape => ({
  name: "dpm",
  process: settings.process,
  schedule: (steps) => diffusionSchedule(settings, steps),
  step: (schedule, state, prediction, random) => {
    const { timestep: s } = currentLevel(schedule, state)
    const t = previousTimestep(settings, schedule, state.index)
    const [at, next] = [alphaCumprodAt(settings, s), alphaCumprodAt(settings, t)] // ᾱ_s, ᾱ_t
    const clean = clipped(prediction.clean, settings.clip)

    // e^{−2h} and 1 − e^{−2h} by ᾱ, as h is infinite from pure noise and to no noise.
    const decay = (at * (1 - next)) / ((1 - at) * next)
    const gain = (next - at) / ((1 - at) * next)
    const forX = Math.sqrt(((1 - next) / (1 - at)) * decay)
    const forD = gain * Math.sqrt(next)
    const forZ = Math.sqrt((1 - next) * gain)

    let z = normalLike(state.sample, random)
    if (state.index === state.beginIndex || t < 0) {
      const sample = linearCombination([
        [forX, state.sample],
        [forD, clean],
        [forZ, z],
      ])
      return nextState(state, sample, { clean })
    }
    z = normalLike(state.sample, random)
    const before = alphaCumprodAt(settings, schedule.levels[state.index - 1]!.timestep)
    const ratio = halfInverseRatio(before, at, next)
    const sample = linearCombination([
      [forX, state.sample],
      [forD * (1 + ratio), clean],
      [-forD * ratio, historyOf(state, "clean")],
      [forZ, z],
    ])
    return nextState(state, sample, { clean })
  },
})
