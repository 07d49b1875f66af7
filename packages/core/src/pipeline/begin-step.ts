import { RequestError } from "../services/errors.ts"
import type { PipelineRequest } from "./video-request.ts"
import type { Schedule } from "../services/sampler.ts"

/**
 * The place in the plan that a run begins at: 0, or for video-to-video where the last `strength` of the steps begins
 * (SDEdit, arXiv 2108.01073). A {@link RequestError} when the strength is not in 0…1 or leaves no step.
 */
export const beginIndexOf = (
  { steps, strength = 0.8, video }: Pick<PipelineRequest, "steps" | "strength" | "video">,
  { levels }: Schedule,
): number => {
  if (video === undefined) return 0
  if (!(strength >= 0 && strength <= 1)) {
    throw new RequestError({ message: `A strength of ${strength} cannot be used: give a number from 0 to 1.` })
  }
  const kept = Math.floor(steps * strength)
  if (kept < 1) {
    throw new RequestError({
      message: `A strength of ${strength} leaves none of ${steps} steps to do: give at least ${Math.ceil(10_000 / steps) / 10_000}.`,
    })
  }
  return (steps - kept) * levelsPerStep(steps, levels.length)
}

/** Steps that a run has from its beginning on: what the reference counts as its steps. */
export const stepsFrom = (begin: number, steps: number, { levels }: Schedule): number =>
  steps - begin / levelsPerStep(steps, levels.length)

/** Heun's method lists a level as the end of one step and again as the start of the next, where a run can begin. */
const levelsPerStep = (steps: number, levels: number): number => Math.ceil(levels / steps)
