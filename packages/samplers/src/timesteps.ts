import {
  type Latents,
  levelAt,
  type NoiseProcess,
  type Schedule,
  RequestError,
  roundHalfEven,
  Tensor,
} from "@auteur/core"

/** The timesteps that a run visits (arXiv 2305.08891, table 2). */
export type TimestepSpacing = "leading" | "trailing" | "linspace"

/** The parameters of the samplers of variance-preserving diffusion. */
export interface DiffusionSettings {
  readonly process: Extract<NoiseProcess, { readonly kind: "variance-preserving" }>
  readonly spacing: TimestepSpacing
  /** Added to the timesteps of `leading` spacing. */
  readonly stepsOffset: number
  /** ᾱ after the last step: 1, or that of timestep 0. */
  readonly finalAlphaCumprod: number
  /** The bound of the clean latents' absolute values, where there is one. */
  readonly clip: number | undefined
}

/** The levels of a run of N steps; a `RequestError` when there is no run of N steps. */
export const diffusionSchedule = ({ process, spacing, stepsOffset }: DiffusionSettings, steps: number): Schedule => {
  const trained = process.alphasCumprod.length
  const timesteps = spacedTimesteps({ spacing, trained, steps, offset: stepsOffset })
  return { levels: timesteps.map((timestep) => levelAt(process, timestep)) }
}

/**
 * The timestep to which DDIM and DPM-Solver++ step: T // N below, not the schedule's next one, unless the request gave that.
 *
 * The two differ when N does not divide T. Then CogVideoX's reference ends at a timestep that is not below 0, and so does this.
 */
export const previousTimestep = (
  { process }: DiffusionSettings,
  { levels, given = false }: Schedule,
  index: number,
): number =>
  given
    ? (levels[index + 1]?.timestep ?? -1)
    : levels[index]!.timestep - Math.floor(process.alphasCumprod.length / levels.length)

/** ᾱ at a timestep; below 0 it is the one after the last step. */
export const alphaCumprodAt = ({ process, finalAlphaCumprod }: DiffusionSettings, timestep: number): number =>
  timestep < 0 ? finalAlphaCumprod : process.alphasCumprod[timestep]!

/** The clean latents, clipped to −clip…clip where there is a clip. */
export const clipped = (clean: Latents, clip: number | undefined): Latents =>
  clip === undefined
    ? clean
    : Tensor.from(
        clean.layout,
        clean.shape,
        clean.values().map((x) => Math.min(Math.max(x, -clip), clip)),
      )

export interface TimestepSpacingOptions {
  readonly spacing: TimestepSpacing
  /** T, the number of timesteps that the model was trained on. */
  readonly trained: number
  /** N, the number of steps of the run. */
  readonly steps: number
  /** Added to the timesteps of `leading`. */
  readonly offset: number
}

/**
 * The N timesteps of a run, in falling order.
 *
 * `trailing` gives N timesteps for every N, where the reference adds one at −1, which is not a timestep, for some N.
 * A `RequestError` when N is not a whole number from 1 to T, or when the offset leads past the trained timesteps.
 */
export const spacedTimesteps = ({ spacing, trained, steps, offset }: TimestepSpacingOptions): Array<number> => {
  checkSteps(steps, trained)
  const at = (timestep: (i: number) => number): Array<number> => Array.from({ length: steps }, (_, i) => timestep(i))
  switch (spacing) {
    case "leading": {
      const stride = Math.floor(trained / steps)
      const timesteps = at((i) => (steps - 1 - i) * stride + offset)
      if (timesteps[0]! >= trained) {
        throw new RequestError({
          message: `${steps} steps with the scheduler's steps_offset ${offset} start at timestep ${timesteps[0]}, past the last one, ${trained - 1}: use fewer steps.`,
        })
      }
      return timesteps
    }
    case "trailing": {
      // The stride as NumPy's arange finds it, from its first two values.
      const stride = trained - (trained - trained / steps)
      return at((i) => roundHalfEven(trained - i * stride) - 1)
    }
    case "linspace": {
      const stride = steps === 1 ? 0 : (trained - 1) / (steps - 1)
      return at((i) => (i === 0 && steps > 1 ? trained - 1 : roundHalfEven((steps - 1 - i) * stride)))
    }
  }
}

/** Refuses a number of steps that is not a whole number from 1 to `most`. */
export const checkSteps = (steps: number, most: number): void => {
  if (Number.isInteger(steps) && steps >= 1 && steps <= most) return
  const limit = Number.isFinite(most) ? `from 1 to ${most}` : "of at least 1"
  throw new RequestError({ message: `The number of steps must be a whole number ${limit}; it is ${steps}.` })
}
