import * as Effect from "effect/Effect"
import { PipelineError } from "../services/errors.ts"
import type { SamplerState } from "../services/sampler.ts"
import { isLatents, type Latents } from "../tensor/tensor.ts"
import { allFinite } from "../tensor/tensor-statistics.ts"

/** Checks what a part made of a state: one place on, latents of the same shape, all of them finite. */
export const checkState = (
  part: string,
  state: SamplerState,
  next: SamplerState | undefined,
  at: string,
): Effect.Effect<void, PipelineError> => {
  if (next?.index === undefined || next.history === undefined) {
    return Effect.fail(
      new PipelineError({
        message: `${part} made no state ${at}: a step has to give { index, beginIndex, sample, history }.`,
      }),
    )
  }
  if (next.index !== state.index + 1 || next.beginIndex !== state.beginIndex) {
    return Effect.fail(
      new PipelineError({
        message: `${part} went from place ${state.index} of a run begun at ${state.beginIndex} to place ${next.index} of one begun at ${next.beginIndex}: a step has to go one place on.`,
      }),
    )
  }
  return checkLatents(part, state.sample, next.sample, at)
}

/** Checks that latents have the shape of those they were made of, and are all finite. */
export const checkLatents = (
  part: string,
  before: Latents,
  after: Latents | undefined,
  at: string,
): Effect.Effect<void, PipelineError> => {
  if (!isLatents(after)) {
    return Effect.fail(
      new PipelineError({
        message: `${part} made no latents ${at}: a step has to give float32 latents of [${before.shape.join(", ")}].`,
      }),
    )
  }
  if (after.shape.join() !== before.shape.join()) {
    return Effect.fail(
      new PipelineError({
        message: `${part} made latents of [${after.shape.join(", ")}] out of [${before.shape.join(", ")}] ${at}: a step has to keep the shape.`,
      }),
    )
  }
  return allFinite(after.contiguous())
    ? Effect.void
    : Effect.fail(
        new PipelineError({
          message: `${part} made numbers that are not finite ${at}: use more steps or another sampler.`,
        }),
      )
}
