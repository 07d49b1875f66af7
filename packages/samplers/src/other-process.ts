import { levelAt, matchLevel, type NoiseProcess, rectifiedFlow, RequestError, variancePreserving } from "@auteur/core"
import type { DdpmSettings } from "./ddpm.ts"
import type { FlowSamplerSettings } from "./flow-config.ts"
import { type FlowGrid, shifted, type SigmaSpacing, withSignal } from "./flow-sigmas.ts"
import { spacedTimesteps } from "./timestep-spacing.ts"

type Diffusion = Extract<NoiseProcess, { readonly kind: "variance-preserving" }>

/**
 * The levels of rectified flow at which a network of diffusion is asked at its own trained timesteps, spaced `trailing`.
 *
 * Euler's method along them is DDIM. A `RequestError` for more steps than there are timesteps.
 */
export const matchedGrid =
  (process: Diffusion): FlowGrid =>
  (steps) =>
    spacedTimesteps({ spacing: "trailing", trained: process.alphasCumprod.length, steps, offset: 0 }).map(
      (timestep) => matchLevel(rectifiedFlow, levelAt(process, timestep)).level,
    )

/** What the samplers of rectified flow need to run a network of diffusion. */
export const flowOnDiffusion = (process: Diffusion): FlowSamplerSettings => {
  const grid = matchedGrid(process)
  return { grid, uniPcGrid: withSignal(grid), stochastic: false, order: 2, uncorrected: [] }
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

/** What the samplers of diffusion need to run a network of rectified flow; a `RequestError` when it is not told 1000 σ. */
export const diffusionOnFlow = (spacing: SigmaSpacing): DdpmSettings => {
  if (spacing.trained !== 1000) {
    throw new RequestError({
      message: `The samplers of diffusion run a model of rectified flow that was trained on 1000 timesteps; this one's num_train_timesteps is ${spacing.trained}. Choose flow-euler, flow-heun or unipc.`,
    })
  }
  return {
    process: variancePreserving(matchedTable(spacing)) as Diffusion,
    spacing: "trailing",
    stepsOffset: 0,
    finalAlphaCumprod: 1,
    clip: undefined,
    variance: "fixed_small",
  }
}
