import type { Level, Prediction } from "@auteur/core"
import { latentsOf, type Network } from "./run.ts"

/** One mode of a mixture of normals. */
export interface Mode {
  readonly weight: number
  readonly mean: number
  readonly deviation: number
}

/** Φ, by the series of its error function (exact to 1e-13 up to six deviations). */
const normalBelow = (x: number): number => {
  if (x < -6) return 0
  if (x > 6) return 1
  let [term, sum] = [x, x]
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && n < 300; n++) {
    term *= (x * x) / (2 * n + 1)
    sum += term
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI)
}

type Place = Pick<Level, "alpha" | "sigma">
const cleanPlace: Place = { alpha: 1, sigma: 0 }

/** A mixture of normals whose posterior means, quantiles and flow are known in closed form. */
export interface Mixture {
  /**
   * The network of the mixture, on any process: with x = αc + σn, mode i has at x the weight r_i ∝ w_i N(x; αm_i, α²s_i² + σ²),
   * E[c|x] = Σ r_i (m_i + αs_i²(x − αm_i)/(α²s_i² + σ²)) and E[n|x] = Σ r_i σ(x − αm_i)/(α²s_i² + σ²).
   */
  readonly network: Network
  /** The share of the samples at a level that lies below x; of the clean ones by default. */
  readonly below: (x: number, place?: Place) => number
  /**
   * Where the flow takes pure noise, exactly: in one dimension it keeps the order of samples, so that it takes each quantile of the noise to
   * the same quantile of the samples at any level.
   */
  readonly end: (noise: number, place?: Place) => number
}

const mixtureOf = (modes: ReadonlyArray<Mode>): Mixture => {
  const predict = (x: number, { alpha, sigma }: Place): readonly [clean: number, noise: number] => {
    const each = modes.map(({ weight, mean, deviation }) => {
      const variance = (alpha * deviation) ** 2 + sigma ** 2
      const away = x - alpha * mean
      return {
        likelihood: Math.log(weight) - Math.log(variance) / 2 - away ** 2 / (2 * variance),
        clean: mean + (alpha * deviation ** 2 * away) / variance,
        noise: (sigma * away) / variance,
      }
    })
    const most = Math.max(...each.map(({ likelihood }) => likelihood))
    let [clean, noise, sum] = [0, 0, 0]
    for (const mode of each) {
      const share = Math.exp(mode.likelihood - most)
      clean += share * mode.clean
      noise += share * mode.noise
      sum += share
    }
    return [clean / sum, noise / sum]
  }
  const below = (x: number, { alpha, sigma }: Place = cleanPlace): number =>
    modes.reduce(
      (sum, { weight, mean, deviation }) =>
        sum + weight * normalBelow((x - alpha * mean) / Math.hypot(alpha * deviation, sigma)),
      0,
    )
  return {
    network: (sample, level): Prediction => {
      const predictions = Array.from(sample.contiguous().values(), (x) => predict(x, level))
      return {
        clean: latentsOf(predictions.map(([clean]) => clean)),
        noise: latentsOf(predictions.map(([, noise]) => noise)),
      }
    },
    below,
    end: (noise, place) => {
      const target = normalBelow(noise)
      let [low, high] = [-8, 8]
      for (let i = 0; i < 60; i++) {
        const middle = (low + high) / 2
        if (below(middle, place) < target) low = middle
        else high = middle
      }
      return (low + high) / 2
    },
  }
}

/** Two modes of unlike weight and width, far enough apart that a draw belongs to one of them. */
export const modes: ReadonlyArray<Mode> = [
  { weight: 0.3, mean: -1.6, deviation: 0.3 },
  { weight: 0.7, mean: 1, deviation: 0.45 },
]

/** Between the modes, more than three deviations from either. */
export const between = -0.5

export const mixture: Mixture = mixtureOf(modes)
