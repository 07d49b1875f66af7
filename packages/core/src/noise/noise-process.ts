import type { Latents } from "../tensor/tensor.ts"

/** A point on a noise process: x = alpha · clean + sigma · noise. */
export interface Level {
  readonly alpha: number
  readonly sigma: number
  /** The timestep that a network trained on the process is given: 0…T−1 for diffusion, 1000 σ for rectified flow. */
  readonly timestep: number
}

/**
 * How clean latents and noise are mixed, from clean (no noise) to pure noise.
 *
 * - `variance-preserving` (DDPM, arXiv 2006.11239): alpha² = ᾱ, sigma² = 1 − ᾱ, given by a table over the timesteps.
 * - `rectified-flow` (arXiv 2209.03003): alpha = 1 − σ, sigma = σ.
 */
export type NoiseProcess =
  | { readonly kind: "variance-preserving"; readonly alphasCumprod: Float64Array }
  | { readonly kind: "rectified-flow" }

/**
 * The output of a network.
 *
 * - `v_prediction`: v = alpha · noise − sigma · clean (arXiv 2202.00512 §4 and appendix D)
 * - `epsilon`: the noise
 * - `sample`: the clean latents
 * - `flow`: noise − clean
 */
export type PredictionType = "v_prediction" | "epsilon" | "sample" | "flow"

/** The clean latents and the noise that a network sees in a sample: the form in which all components exchange predictions. */
export interface Prediction {
  readonly clean: Latents
  readonly noise: Latents
}
