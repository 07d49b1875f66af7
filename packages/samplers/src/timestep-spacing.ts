import { RequestError, roundHalfEven } from "@auteur/core"

/** Which timesteps a run visits (arXiv 2305.08891, table 2). */
export type TimestepSpacing = "leading" | "trailing" | "linspace"

export interface TimestepSpacingOptions {
  readonly spacing: TimestepSpacing
  /** T, the number of timesteps that the model was trained on. */
  readonly trained: number
  /** N, the number of steps of the run. */
  readonly steps: number
  /** Added to the timesteps of `leading`. */
  readonly offset: number
}

/** Refuses a number of steps that is not a whole number from 1 to `most`. */
export const checkSteps = (steps: number, most: number): void => {
  if (Number.isInteger(steps) && steps >= 1 && steps <= most) return
  const limit = Number.isFinite(most) ? `from 1 to ${most}` : "of at least 1"
  throw new RequestError({ message: `The number of steps must be a whole number ${limit}; it is ${steps}.` })
}

/**
 * The N timesteps of a run, falling.
 *
 * `trailing` gives N timesteps for every N; for some N the reference adds one at −1, which is no timestep.
 * A `RequestError` when N is not a whole number from 1 to T, or the offset leaves the trained timesteps.
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
          message: `${steps} steps with the scheduler's steps_offset ${offset} begin at timestep ${timesteps[0]}, past the last one, ${trained - 1}; ask for fewer steps.`,
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
