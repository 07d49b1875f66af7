import type { Level, Prediction } from "@auteur/core"
import { latentsOf, type Network } from "./run.ts"

/** One mode of a mixture of normals. */
interface Mode {
  readonly weight: number
  readonly mean: number
  readonly deviation: number
}

/** What the clean latents are, each for itself: two modes of unlike weight and width, far enough apart that a draw belongs to one of them. */
export const mixture: ReadonlyArray<Mode> = [
  { weight: 0.3, mean: -1.6, deviation: 0.3 },
  { weight: 0.7, mean: 1, deviation: 0.45 },
]

/** Between the modes, more than three deviations from either. */
export const between = -0.5

/**
 * The network that knows the mixture, in closed form and on any process: with x = αc + σn, mode i answers for x by
 * r_i ∝ w_i N(x; αm_i, α²s_i² + σ²), E[c|x] = Σ r_i (m_i + αs_i²(x − αm_i)/(α²s_i² + σ²)) and
 * E[n|x] = Σ r_i σ(x − αm_i)/(α²s_i² + σ²).
 */
export const knowingMixture: Network = (sample, { alpha, sigma }): Prediction => {
  const values = sample.contiguous().values()
  const [clean, noise] = [new Float32Array(values.length), new Float32Array(values.length)]
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!
    const modes = mixture.map(({ weight, mean, deviation }) => {
      const variance = (alpha * deviation) ** 2 + sigma ** 2
      const away = x - alpha * mean
      return {
        share: Math.log(weight) - Math.log(variance) / 2 - away ** 2 / (2 * variance),
        clean: mean + (alpha * deviation ** 2 * away) / variance,
        noise: (sigma * away) / variance,
      }
    })
    const most = Math.max(...modes.map(({ share }) => share))
    const shares = modes.map(({ share }) => Math.exp(share - most))
    const sum = shares.reduce((total, share) => total + share, 0)
    clean[i] = modes.reduce((total, mode, j) => total + (shares[j]! * mode.clean) / sum, 0)
    noise[i] = modes.reduce((total, mode, j) => total + (shares[j]! * mode.noise) / sum, 0)
  }
  return { clean: latentsOf(clean), noise: latentsOf(noise) }
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

const cleanLevel: Pick<Level, "alpha" | "sigma"> = { alpha: 1, sigma: 0 }

/** The part of the mixture that lies below x; at another level, of the samples there. */
export const mixtureBelow = (x: number, { alpha, sigma }: Pick<Level, "alpha" | "sigma"> = cleanLevel): number =>
  mixture.reduce(
    (sum, { weight, mean, deviation }) =>
      sum + weight * normalBelow((x - alpha * mean) / Math.hypot(alpha * deviation, sigma)),
    0,
  )

/**
 * Where the flow takes pure noise, exactly: in one dimension it keeps the order of samples, so that it takes each quantile of the noise to the same
 * quantile of the mixture, and of the samples at any level between.
 */
export const exactEnd = (noise: number, level: Pick<Level, "alpha" | "sigma"> = cleanLevel): number => {
  const target = normalBelow(noise)
  let [low, high] = [-8, 8]
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (mixtureBelow(middle, level) < target) low = middle
    else high = middle
  }
  return (low + high) / 2
}
