/** The rejection of work that was aborted, whether by a signal, by `run.abort()` or by closing the model; `cause` is the reason given. */
export class AbortError extends Error {
  readonly _tag = "AbortError"
  override readonly name = "AbortError"

  /** The error for the reason of an aborted signal, which is one already where auteur aborted it. */
  static from(reason: unknown): AbortError {
    if (reason instanceof AbortError) return reason
    const isOwnReason = reason instanceof DOMException && reason.name === "AbortError"
    const why =
      isOwnReason || reason === undefined ? "" : `: ${reason instanceof Error ? reason.message : String(reason)}`
    return new AbortError(`The run was aborted${why.replace(/\.$/, "")}.`, { cause: reason })
  }
}
