import * as Data from "effect/Data"

/** A command that could not do what it was told: what to print, and the exit code. */
export class CommandError extends Data.TaggedError("CommandError")<{
  readonly message: string
  readonly exitCode: 1 | 2
}> {}

/** A command line that makes no sense. */
export const usageError = (message: string): CommandError => new CommandError({ message, exitCode: 2 })
