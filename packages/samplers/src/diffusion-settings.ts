import { type Latents, levelAt, type NoiseProcess, type Schedule, Tensor } from "@auteur/core"
import { spacedTimesteps, type TimestepSpacing } from "./timestep-spacing.ts"

/** What the samplers of variance-preserving diffusion are made from. */
export interface DiffusionSettings {
  readonly process: Extract<NoiseProcess, { readonly kind: "variance-preserving" }>
  readonly spacing: TimestepSpacing
  /** Added to the timesteps of `leading` spacing. */
  readonly stepsOffset: number
  /** ᾱ after the last step: 1, or that of timestep 0. */
  readonly finalAlphaCumprod: number
  /** Clean latents are held between −clip and clip before a step uses them. */
  readonly clip: number | undefined
}

export const diffusionPlan = ({ process, spacing, stepsOffset }: DiffusionSettings, steps: number): Schedule => {
  const trained = process.alphasCumprod.length
  return {
    levels: spacedTimesteps({ spacing, trained, steps, offset: stepsOffset }).map((timestep) =>
      levelAt(process, timestep),
    ),
  }
}

/**
 * The timestep that DDIM and DPM-Solver++ step to: T // N below, not the plan's next one.
 *
 * The two differ when N does not divide T; CogVideoX's reference has it so, and then ends at a timestep that is not below 0.
 */
export const steppedTimestep = ({ process }: DiffusionSettings, timestep: number, steps: number): number =>
  timestep - Math.floor(process.alphasCumprod.length / steps)

/** ᾱ at a timestep; below 0 it is the one after the last step. */
export const alphaCumprodAt = ({ process, finalAlphaCumprod }: DiffusionSettings, timestep: number): number =>
  timestep < 0 ? finalAlphaCumprod : process.alphasCumprod[timestep]!

/** The clean latents, held between −clip and clip where there is a clip. */
export const clipped = (clean: Latents, clip: number | undefined): Latents =>
  clip === undefined
    ? clean
    : Tensor.from(
        clean.layout,
        clean.shape,
        clean.values().map((x) => Math.min(Math.max(x, -clip), clip)),
      )
