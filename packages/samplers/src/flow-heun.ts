import { linearCombination, rectifiedFlow, type SamplerShape, velocityOf } from "@auteur/core"
import type { FlowSettings } from "./flow-sigmas.ts"
import { advance, currentLevel, remembered } from "./run-position.ts"

/** The halves of Heun's steps in turn, whether σ falls or rises. */
export const flowHeunSteps: SamplerShape["step"] = (schedule, state, prediction) => {
  const { sigma } = currentLevel(schedule, state)
  const isCorrection = state.index % 2 === 1
  if (isCorrection && state.index === state.beginIndex) {
    // A run that begins here has no Euler step to correct, and stands at the same level in the plan's next entry.
    return advance(state, state.sample)
  }
  const velocity = velocityOf(prediction)
  if (isCorrection) {
    const half = (sigma - schedule.levels[state.index - 1]!.sigma) / 2
    const sample = linearCombination([
      [1, remembered(state, "sample")],
      [half, remembered(state, "velocity")],
      [half, velocity],
    ])
    return advance(state, sample)
  }
  const sample = linearCombination([
    [1, state.sample],
    [(schedule.levels[state.index + 1]?.sigma ?? 0) - sigma, velocity],
  ])
  return advance(state, sample, { sample: state.sample, velocity })
}

/**
 * Heun's method along rectified flow: an Euler step, then the same step with the mean of the velocities at both ends.
 *
 * N steps ask the network 2N − 1 times and the plan lists each: σ_0, σ_1, σ_1, σ_2, σ_2, …; the last step, to no noise,
 * stays an Euler step.
 */
export const flowHeun = (settings: FlowSettings): SamplerShape => ({
  name: "flow-heun",
  process: rectifiedFlow,
  schedule: (steps) => ({ levels: settings.grid(steps).flatMap((level, i) => (i === 0 ? [level] : [level, level])) }),
  step: flowHeunSteps,
})
