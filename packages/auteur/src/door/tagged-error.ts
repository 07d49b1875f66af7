import { PipelineError } from "@auteur/core"
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"

/** The rejection of work that was aborted: by a signal, by `run.abort()` or by closing the model. Its `cause` is the reason given. */
export class AbortError extends Error {
  readonly _tag = "AbortError"
  override readonly name = "AbortError"

  /** The error for the reason of an aborted signal, which is one already where auteur aborted it. */
  static from(reason: unknown): AbortError {
    if (reason instanceof AbortError) return reason
    const isDefault = reason === undefined || (reason instanceof DOMException && reason.name === "AbortError")
    const why = isDefault ? "" : `: ${(reason instanceof Error ? reason.message : String(reason)).replace(/\.$/, "")}`
    return new AbortError(`The run was aborted${why}.`, { cause: reason })
  }
}

/** The thrown error where it has a tag, or a `PipelineError` around it. */
const toTagged = (thrown: unknown): Error => {
  if (thrown instanceof Error && "_tag" in thrown) return thrown
  const reason = thrown instanceof Error ? thrown.message : String(thrown)
  return new PipelineError({ message: `The run failed unexpectedly: ${reason}`, cause: thrown })
}

/** The value that an effect ended with; rejects with its error, which has a `_tag` whatever was thrown. */
export const rejectTagged = async <A, E>(exit: Promise<Exit.Exit<A, E>>, signal?: AbortSignal): Promise<A> => {
  const ended = await exit
  if (Exit.isSuccess(ended)) return ended.value
  if (signal?.aborted === true && Cause.hasInterrupts(ended.cause)) throw AbortError.from(signal.reason)
  throw toTagged(Cause.squash(ended.cause))
}
