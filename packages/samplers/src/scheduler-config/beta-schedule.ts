import { cos } from "@auteur/core"
import { shifted, type SigmaSpacing } from "../sigmas.ts"

/** The growth of β over the timesteps. */
export type BetaScheduleName = "linear" | "scaled_linear" | "squaredcos_cap_v2"

/** The precision of a table: the reference has most of them in float32, and that rounding is part of the process. */
export type Precision = "float32" | "float64"

export interface BetaScheduleOptions {
  readonly name: BetaScheduleName
  readonly start: number
  readonly end: number
  /** T, the number of timesteps. */
  readonly timesteps: number
  readonly precision: Precision
}

type Round = (x: number) => number

const rounding = (precision: Precision): Round => (precision === "float32" ? Math.fround : (x) => x)

/** `torch.linspace`: from both ends to the middle, so that both ends are exact; one rounding per value, as its fused multiply-add has. */
const linspace = (start: number, end: number, count: number, round: Round): Float64Array => {
  const [a, b] = [round(start), round(end)]
  if (count === 1) return Float64Array.of(a)
  const step = round(round(b - a) / (count - 1))
  const half = Math.floor(count / 2)
  return Float64Array.from({ length: count }, (_, i) =>
    i < half ? round(a + step * i) : round(b - step * (count - i - 1)),
  )
}

/** β from the cosine ᾱ(t) = cos²(π/2 · (t + 0.008) / 1.008) of arXiv 2102.09672 eq. 17, capped at 0.999. */
const cosineBetas = (timesteps: number): Float64Array => {
  const alphaBar = (t: number): number => {
    const root = cos((((t + 0.008) / 1.008) * Math.PI) / 2)
    return root * root
  }
  return Float64Array.from({ length: timesteps }, (_, i) =>
    Math.min(1 - alphaBar((i + 1) / timesteps) / alphaBar(i / timesteps), 0.999),
  )
}

/** β for each of the timesteps 0…T−1 (arXiv 2006.11239 §4; `scaled_linear`: arXiv 2112.10752). */
export const betaSchedule = ({ name, start, end, timesteps, precision }: BetaScheduleOptions): Float64Array => {
  const round = rounding(precision)
  switch (name) {
    case "linear":
      return linspace(start, end, timesteps, round)
    case "scaled_linear":
      return linspace(Math.sqrt(start), Math.sqrt(end), timesteps, round).map((root) => round(root * root))
    case "squaredcos_cap_v2":
      return cosineBetas(timesteps).map(round)
  }
}

/** ᾱ_t = ∏ (1 − β_s) over s ≤ t; the product is float64 whatever the precision of the table. */
export const alphasCumprodOf = (betas: Float64Array, precision: Precision): Float64Array => {
  const round = rounding(precision)
  let product = 1
  return betas.map((beta) => {
    product *= round(1 - beta)
    return round(product)
  })
}

/** Divides the signal-to-noise ratio by s, the `scale`: ᾱ / (s + (1 − s) · ᾱ) (CogVideoX). */
export const shiftSnr = (alphasCumprod: Float64Array, scale: number, precision: Precision): Float64Array => {
  const round = rounding(precision)
  return alphasCumprod.map((alpha) => round(alpha / round(scale + round(round(1 - scale) * alpha))))
}

/** Makes the last timestep pure noise and keeps the first, by an affine map of √ᾱ (arXiv 2305.08891, algorithm 1). */
export const zeroTerminalSnr = (alphasCumprod: Float64Array, precision: Precision): Float64Array => {
  const round = rounding(precision)
  const roots = alphasCumprod.map((alpha) => round(Math.sqrt(alpha)))
  const [first, last] = [roots[0]!, roots[roots.length - 1]!]
  const factor = round(first / round(first - last))
  return roots.map((root) => round(round(root - last) * factor)).map((root) => round(root * root))
}

/** The β that give ᾱ, the inverse of {@link alphasCumprodOf}. */
export const betasOf = (alphasCumprod: Float64Array, precision: Precision): Float64Array => {
  const round = rounding(precision)
  return alphasCumprod.map((alpha, t) => round(1 - (t === 0 ? alpha : round(alpha / alphasCumprod[t - 1]!))))
}

/**
 * ᾱ = (1 − σ)² / ((1 − σ)² + σ²), the signal-to-noise ratios of rectified flow at σ = shift(t/T) for t = 1…T; the last is pure noise.
 *
 * DDIM on this table is Euler's method along those σ.
 */
export const matchedTable = ({ trained, shift }: Pick<SigmaSpacing, "trained" | "shift">): Float64Array =>
  Float64Array.from({ length: trained }, (_, t) => {
    const sigma = shifted(shift, (t + 1) / trained)
    return (1 - sigma) ** 2 / ((1 - sigma) ** 2 + sigma ** 2)
  })
