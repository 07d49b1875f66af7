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
import { currentLevel, historyOf, nextState } from "./sampler-state.ts"
import { type FlowSettings, noNoise } from "./sigmas.ts"

export interface UniPcSettings extends FlowSettings {
  /** The highest order of the predictor. */
  readonly order: 1 | 2
  /** Steps that are not corrected. */
  readonly uncorrected: ReadonlyArray<number>
}

/** A step from the level s to the level t, in the letters of the paper. */
interface Step {
  readonly s: Level
  readonly t: Level
  /** The sample at s. */
  readonly x: Latents
  /** m₀, the clean latents that the network predicts at s. */
  readonly m0: Latents
  /** For order 2: m₁, the prediction before it, and its place r₁ = (λ_before − λ_s)/h, which is below 0. */
  readonly before: { readonly m1: Latents; readonly r1: number } | undefined
}

/** λ = ln(α/σ). */
const lambda = ({ alpha, sigma }: Level): number => log(alpha / sigma)

/** B(h) = e^{−h} − 1 (bh2) with h = λ_t − λ_s: −1 when t has no noise. */
const expm1 = ({ s, t }: Step): number => (t.sigma * s.alpha) / (s.sigma * t.alpha) - 1

/** UniP: x_t = σ_t/σ_s · x − α_t (e^{−h} − 1) · m₀ − α_t B(h) · ½ · (m₁ − m₀)/r₁, the last term for order 2. */
const predictor = (step: Step): Latents => {
  const { s, t, x, m0, before } = step
  const alphaB = t.alpha * expm1(step) // α_t B(h)
  const keep = t.sigma / s.sigma
  if (before === undefined) {
    return linearCombination([
      [keep, x],
      [-alphaB, m0],
    ])
  }
  const slope = (0.5 * alphaB) / before.r1
  return linearCombination([
    [keep, x],
    [slope - alphaB, m0],
    [-slope, before.m1],
  ])
}

/**
 * UniC: the same step again, with m_t, the clean latents that the network predicts at its end. Adds to the step of order 1
 * −α_t B(h) · (ρ₁ (m₁ − m₀)/r₁ + ρ₂ (m_t − m₀)), with ρ = ½ for order 1.
 */
const corrector = (step: Step, mt: Latents): Latents => {
  const { s, t, x, m0, before } = step
  const B = expm1(step)
  const alphaB = t.alpha * B
  const keep = t.sigma / s.sigma
  if (before === undefined) {
    return linearCombination([
      [keep, x],
      [-0.5 * alphaB, m0],
      [-0.5 * alphaB, mt],
    ])
  }
  // ρ solves ρ₁ + ρ₂ = b₁ and r₁ρ₁ + ρ₂ = b₂ (eq. 5, for the prediction of clean latents).
  const { m1, r1 } = before
  const minusH = lambda(s) - lambda(t)
  const phi1 = B / minusH - 1
  const b1 = phi1 / B
  const b2 = (2 * (phi1 / minusH - 0.5)) / B
  const rho1 = (b1 - b2) / (1 - r1)
  const rho2 = b1 - rho1
  return linearCombination([
    [keep, x],
    [alphaB * (rho1 / r1 + rho2 - 1), m0],
    [(-alphaB * rho1) / r1, m1],
    [-alphaB * rho2, mt],
  ])
}

/**
 * UniPC along rectified flow: a predictor, and a corrector that needs no evaluation of its own (arXiv 2302.04867).
 *
 * bh2, for the prediction of clean latents. The order rises to `order` as predictions come in, and falls to 1 for the last step.
 */
export const uniPc = ({ grid, order, uncorrected }: UniPcSettings): SamplerShape => {
  /** The order of the predictor at a step, and of the corrector of that step. */
  const orderAt = (schedule: Schedule, { beginIndex }: SamplerState, index: number): number =>
    Math.min(order, schedule.levels.length - index, index - beginIndex + 1)

  return {
    name: "unipc",
    process: rectifiedFlow,
    schedule: (steps) => ({ levels: grid(steps) }),
    step: (schedule, state, { clean }) => {
      const level = currentLevel(schedule, state)
      const { index, beginIndex } = state
      const isFirst = index === beginIndex
      const stepAt = (i: number, t: Level, x: Latents, m0: Latents, m1: string): Step => {
        const s = schedule.levels[i]!
        if (orderAt(schedule, state, i) < 2) return { s, t, x, m0, before: undefined }
        const r1 = (lambda(schedule.levels[i - 1]!) - lambda(s)) / (lambda(t) - lambda(s))
        return { s, t, x, m0, before: { m1: historyOf(state, m1), r1 } }
      }
      const sample =
        isFirst || uncorrected.includes(index - 1)
          ? state.sample
          : corrector(
              stepAt(index - 1, level, historyOf(state, "sample"), historyOf(state, "clean"), "cleanBefore"),
              clean,
            )
      const next = predictor(stepAt(index, schedule.levels[index + 1] ?? noNoise, sample, clean, "clean"))
      return nextState(
        state,
        next,
        isFirst ? { sample, clean } : { sample, clean, cleanBefore: historyOf(state, "clean") },
      )
    },
  }
}
