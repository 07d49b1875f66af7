import * as Effect from "effect/Effect"
import { PipelineError } from "../services/errors.ts"

/** The error for a part that threw: names the part, unless what it threw is already a sentence of the pipeline. */
export const componentError = (part: string, thrown: unknown): PipelineError => {
  if (thrown instanceof PipelineError) return thrown
  const reason = thrown instanceof Error ? thrown.message : String(thrown)
  return new PipelineError({ message: `${part} failed: ${reason}`, cause: thrown })
}

/** Where a part is called without {@link guarded}, an error of the pipeline that it throws is one that the caller is told. */
export const failWithThrown = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | PipelineError, R> =>
  Effect.catchDefect(effect, (thrown) => (thrown instanceof PipelineError ? Effect.fail(thrown) : Effect.die(thrown)))

/**
 * Calls a part, and turns what it throws into an error that names it: third parties write parts, and a stack helps nobody who uses
 * them.
 */
export const guarded = <A, E, R>(
  part: string,
  call: () => Effect.Effect<A, E, R>,
): Effect.Effect<A, E | PipelineError, R> =>
  Effect.catchDefect(Effect.suspend(call), (thrown) => Effect.fail(componentError(part, thrown)))
