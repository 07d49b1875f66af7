import { linearCombination, rectifiedFlow, type SamplerShape, velocityOf } from "@auteur/core"
import { currentLevel, historyOf, nextState } from "./sampler-state.ts"
import type { FlowSettings } from "./sigmas.ts"

/** Heun's steps, whether σ falls or rises: even entries of the schedule are Euler steps, odd ones correct them. */
export const flowHeunStep: SamplerShape["step"] = (schedule, state, prediction) => {
  const { sigma } = currentLevel(schedule, state)
  const isCorrection = state.index % 2 === 1
  if (isCorrection && state.index === state.beginIndex) {
    // A run that starts here has no Euler step to correct, and the schedule's next entry is at the same level.
    return nextState(state, state.sample)
  }
  const velocity = velocityOf(prediction)
  if (isCorrection) {
    const half = (sigma - schedule.levels[state.index - 1]!.sigma) / 2
    const sample = linearCombination([
      [1, historyOf(state, "sample")],
      [half, historyOf(state, "velocity")],
      [half, velocity],
    ])
    return nextState(state, sample)
  }
  const sample = linearCombination([
    [1, state.sample],
    [(schedule.levels[state.index + 1]?.sigma ?? 0) - sigma, velocity],
  ])
  return nextState(state, sample, { sample: state.sample, velocity })
}

/**
 * Heun's method along rectified flow: an Euler step x′ = x + (σ′ − σ) · v, and then the same step with the mean of the velocities at
 * both ends, x + (σ′ − σ) · (v + v′)/2 (arXiv 2206.00364 algorithm 1).
 *
 * N steps evaluate the network 2N − 1 times, and the schedule lists each: σ_0, σ_1, σ_1, σ_2, σ_2, …; the last step, to no noise,
 * remains an Euler step.
 */
export const flowHeun = (settings: FlowSettings): SamplerShape => ({
  name: "flow-heun",
  process: rectifiedFlow,
  schedule: (steps) => ({ levels: settings.grid(steps).flatMap((level, i) => (i === 0 ? [level] : [level, level])) }),
  step: flowHeunStep,
})
