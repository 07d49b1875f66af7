import {
  type Latents,
  type Level,
  linearCombination,
  type Prediction,
  rectifiedFlow,
  type SamplerShape,
} from "@auteur/core"

export interface KarrasSettings {
  /** The ratios of noise to clean latents that a run begins and ends at. Default 80 and 0.02. */
  readonly most?: number
  readonly least?: number
  /** How much closer the levels lie where there is little noise. Default 7. */
  readonly rho?: number
}

/**
 * The levels of Karras et al. (arXiv 2206.00364 eq. 5), walked by a second-order exponential integrator: DPM-Solver++(2M)
 * (arXiv 2211.01095 algorithm 2), written along rectified flow, where x = (1 − σ)·clean + σ·noise.
 */
export const karras = ({ most = 80, least = 0.02, rho = 7 }: KarrasSettings = {}): SamplerShape => {
  if (!(most > least && least > 0)) {
    throw new RangeError(`"most" is ${most} and "least" is ${least}: give numbers above 0, the first the larger.`)
  }
  return {
    name: "karras",
    process: rectifiedFlow,
    schedule: (steps) => ({
      levels: Array.from({ length: steps }, (_, i) => {
        const at = steps === 1 ? 0 : i / (steps - 1)
        const ratio = (most ** (1 / rho) + at * (least ** (1 / rho) - most ** (1 / rho))) ** rho
        return levelOf(ratio / (1 + ratio))
      }),
    }),
    step: (schedule, state, { clean }: Prediction) => {
      const level = schedule.levels[state.index]!
      const next = schedule.levels[state.index + 1] ?? levelOf(0)
      const before = schedule.levels[state.index - 1]
      const earlier = state.history["clean"]
      // Over a step the clean latents are taken to change as they did over the last one, in λ = log(alpha / sigma).
      const h = lambda(next) - lambda(level)
      const isLast = next.sigma === 0
      const weight =
        earlier === undefined || before === undefined || isLast ? 0 : h / (2 * (lambda(level) - lambda(before)))
      const ahead: Latents =
        earlier === undefined || weight === 0
          ? clean
          : linearCombination([
              [1 + weight, clean],
              [-weight, earlier],
            ])
      const kept = next.sigma / level.sigma
      const sample: Latents = linearCombination([
        [kept, state.sample],
        [next.alpha - kept * level.alpha, ahead],
      ])
      return { index: state.index + 1, beginIndex: state.beginIndex, sample, history: { clean } }
    },
  }
}

const levelOf = (sigma: number): Level => ({ alpha: 1 - sigma, sigma, timestep: 1000 * sigma })

const lambda = ({ alpha, sigma }: Level): number => Math.log(alpha / sigma)
