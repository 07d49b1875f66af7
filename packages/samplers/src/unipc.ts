import {
  type Latents,
  type Level,
  linearCombination,
  log,
  type Schedule,
  rectifiedFlow,
  type SamplerShape,
  type SamplerState,
} from "@auteur/core"
import { type FlowSettings, noNoise } from "./flow-sigmas.ts"
import { advance, currentLevel, remembered } from "./run-position.ts"

export interface UniPcSettings extends FlowSettings {
  /** The highest order of the predictor. */
  readonly order: 1 | 2
  /** Steps after which the corrector is left out. */
  readonly uncorrected: ReadonlyArray<number>
}

/** λ, the logarithm of the ratio of signal to noise. */
const logRatio = ({ alpha, sigma }: Level): number => log(alpha / sigma)

/** e^{−h} − 1 for the step h = λ_to − λ_from: −1 when `to` has no noise. */
const expm1OfStep = (from: Level, to: Level): number => (to.sigma * from.alpha) / (from.sigma * to.alpha) - 1

/** What both halves use of a step between two levels. */
interface Step {
  readonly plan: Schedule
  /** The index of the level that the step starts from. */
  readonly from: number
  readonly to: Level
  readonly sample: Latents
  /** The clean estimate at the start of the step, and, for order 2, the one before it. */
  readonly clean: Latents
  readonly cleanBefore: Latents | undefined
}

/** r = (λ_before − λ_from)/h, below 0: where the estimate before the last lies, in steps. */
const ratioBefore = ({ plan: schedule, from, to }: Step): number => {
  const [before, at] = [schedule.levels[from - 1]!, schedule.levels[from]!]
  return (logRatio(before) - logRatio(at)) / (logRatio(to) - logRatio(at))
}

/** UniP with B(h) = e^{−h} − 1 (bh2): extrapolates from the clean estimates so far. */
const predict = (step: Step): Latents => {
  const from = step.plan.levels[step.from]!
  const phi = step.to.alpha * expm1OfStep(from, step.to)
  const keep = step.to.sigma / from.sigma
  if (step.cleanBefore === undefined) {
    return linearCombination([
      [keep, step.sample],
      [-phi, step.clean],
    ])
  }
  const slope = (0.5 * phi) / ratioBefore(step)
  return linearCombination([
    [keep, step.sample],
    [slope - phi, step.clean],
    [-slope, step.cleanBefore],
  ])
}

/** UniC: does the step again, now with the clean estimate at its end. */
const correct = (step: Step, cleanAtEnd: Latents): Latents => {
  const from = step.plan.levels[step.from]!
  const expm1 = expm1OfStep(from, step.to)
  const phi = step.to.alpha * expm1
  const keep = step.to.sigma / from.sigma
  if (step.cleanBefore === undefined) {
    return linearCombination([
      [keep, step.sample],
      [-0.5 * phi, step.clean],
      [-0.5 * phi, cleanAtEnd],
    ])
  }
  // ρ solves ρ₁ + ρ₂ = b₁ and r·ρ₁ + ρ₂ = b₂ (arXiv 2302.04867 eq. 5, written for the prediction of clean latents).
  const r = ratioBefore(step)
  const minusH = logRatio(from) - logRatio(step.to)
  const first = expm1 / minusH - 1
  const b1 = first / expm1
  const b2 = (2 * (first / minusH - 0.5)) / expm1
  const rho1 = (b1 - b2) / (1 - r)
  const rho2 = b1 - rho1
  return linearCombination([
    [keep, step.sample],
    [phi * (rho1 / r + rho2 - 1), step.clean],
    [(-phi * rho1) / r, step.cleanBefore],
    [-phi * rho2, cleanAtEnd],
  ])
}

/**
 * UniPC, a predictor with a corrector that costs no evaluation, along rectified flow (arXiv 2302.04867).
 *
 * bh2 in the clean-prediction form; the order rises to `order` as estimates come in and falls to 1 for the last step.
 */
export const uniPc = (settings: UniPcSettings): SamplerShape => {
  const { grid, order, uncorrected } = settings

  /** The order of the predictor at a step, and of the corrector after it. */
  const orderAt = (schedule: Schedule, { beginIndex }: SamplerState, index: number): number =>
    Math.min(order, schedule.levels.length - index, index - beginIndex + 1)

  return {
    name: "unipc",
    process: rectifiedFlow,
    schedule: (steps) => ({ levels: grid(steps) }),
    step: (schedule, state, { clean }) => {
      const at = currentLevel(schedule, state)
      const { index, beginIndex } = state
      const isFirst = index === beginIndex
      const stepTo = (from: number, to: Level, sample: Latents, clean: Latents, before: string): Step => ({
        plan: schedule,
        from,
        to,
        sample,
        clean,
        cleanBefore: orderAt(schedule, state, from) === 2 ? remembered(state, before) : undefined,
      })
      const sample =
        isFirst || uncorrected.includes(index - 1)
          ? state.sample
          : correct(
              stepTo(index - 1, at, remembered(state, "sample"), remembered(state, "clean"), "cleanBefore"),
              clean,
            )
      const next = predict(stepTo(index, schedule.levels[index + 1] ?? noNoise, sample, clean, "clean"))
      return advance(
        state,
        next,
        isFirst ? { sample, clean } : { sample, clean, cleanBefore: remembered(state, "clean") },
      )
    },
  }
}
