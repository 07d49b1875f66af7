import * as Data from "effect/Data"

/** The rule by which every command ends, in the words of `--help`. */
export const exitCodeRule =
  "Exit codes: 0 when everything was done. 2 when the command line cannot be carried out as it is written, whatever the machine: an unknown flag or name, a value out of range, settings that do not go together. 1 when something failed as it was tried: a file, a model, the memory, the disk. Ctrl-C ends the command by its signal (130 in a shell)."

/** A command that could not do what it was told: what to print, and the exit code. */
export class CommandError extends Data.TaggedError("CommandError")<{
  readonly message: string
  readonly exitCode: 1 | 2
}> {}

/** A command line that cannot be carried out as it is written. */
export const usageError = (message: string): CommandError => new CommandError({ message, exitCode: 2 })

/** How a failure of any kind ends the command, by {@link exitCodeRule}. */
export const toCommandError = (error: Failure): CommandError => {
  if (error instanceof CommandError) return error
  const isUsage = error._tag === "RequestError" || (error._tag === "HubError" && error.reason === "name")
  return new CommandError({ message: error.message, exitCode: isUsage ? 2 : 1 })
}

interface Failure {
  readonly message: string
  readonly _tag?: string
  readonly reason?: unknown
}
