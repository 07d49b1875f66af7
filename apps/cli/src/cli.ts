import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { nearestNames, version } from "auteur/effect"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import { CommandError, usageError } from "./process/command-error.ts"
import { doctorCommand } from "./commands/doctor.ts"
import { estimateCommand } from "./commands/estimate.ts"
import { generateCommand } from "./commands/generate.ts"
import { modelsCommand } from "./commands/models.ts"
import { pluginsCommand } from "./commands/plugins.ts"
import { presenterLayer } from "./process/presenter.ts"
import { clearLine } from "./reporting/progress-bar.ts"
import { endBySignal, watchSignals } from "./process/signals.ts"
import { watchOutputs } from "./process/outputs.ts"

const commands = [generateCommand, estimateCommand, modelsCommand, pluginsCommand, doctorCommand] as const

const auteur = Command.make("auteur").pipe(
  Command.withDescription(
    'Text to video on your own machine: a prompt becomes a video file.\n\n`auteur "a prompt"` is short for `auteur generate "a prompt"`.\n\nExit codes: 0 when all was done, 1 when something failed, 2 for a wrong command line; Ctrl-C ends it by its signal (130 in a shell).',
  ),
  Command.withSubcommands(commands),
  Command.withExamples([
    { command: 'auteur "a fox runs to the right in a meadow"' },
    { command: "auteur generate --help" },
  ]),
)

const withCommand = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const first = args[0]
  const isRoot =
    first === undefined ||
    commands.some(({ name }) => name === first) ||
    /^(-h|-v|--(help|version|completions|wizard|log-level)\b)/.test(first)
  return isRoot ? args : ["generate", ...args]
}

/** A single word that is nearly a command is more likely one that was mistyped than a prompt. */
const refuseMistyped = (args: ReadonlyArray<string>): Effect.Effect<void, CommandError> => {
  const [first = ""] = args
  if (/\s/.test(first) || first.startsWith("-") || commands.some(({ name }) => name === first)) return Effect.void
  const [near] = nearestNames(
    first,
    commands.map(({ name }) => name),
  )
  if (near === undefined) return Effect.void
  return usageError(
    `There is no command "${first}": did you mean ${near}? If it is a prompt, write auteur generate "${first}".`,
  )
}

const explain = (error: unknown): CommandError => {
  if (error instanceof CommandError) return error
  // The parser has printed what is wrong with the command line itself.
  if (CliError.isCliError(error)) return new CommandError({ message: "", exitCode: 2 })
  return new CommandError({ message: error instanceof Error ? error.message : String(error), exitCode: 1 })
}

const teardown: Runtime.Teardown = (exit, onExit) => {
  if (Exit.isFailure(exit) && Cause.hasInterrupts(exit.cause)) Effect.runFork(endBySignal)
  else Runtime.defaultTeardown(exit, onExit)
}

watchSignals()
watchOutputs()
const args = process.argv.slice(2)
refuseMistyped(args).pipe(
  Effect.andThen(Command.runWith(auteur, { version })(withCommand(args))),
  Effect.provide(Layer.merge(NodeServices.layer, presenterLayer)),
  Effect.catch((error) => Effect.fail(explain(error))),
  Effect.catchDefect((defect) => {
    const problem = defect instanceof Error ? defect.message : String(defect)
    // Deno's sentence names what is to be permitted.
    if (defect instanceof Error && defect.name === "NotCapable") {
      return Effect.fail(new CommandError({ message: `auteur is not permitted to go on: ${problem}.`, exitCode: 1 }))
    }
    return Effect.fail(new CommandError({ message: `auteur has a fault: ${problem}. Please report it.`, exitCode: 1 }))
  }),
  Effect.catch(({ message, exitCode }) =>
    Effect.sync(() => {
      if (message !== "") process.stderr.write(`${process.stderr.isTTY ? clearLine : ""}${message}\n`)
      process.exitCode = exitCode
    }),
  ),
  NodeRuntime.runMain({ disableErrorReporting: true, teardown }),
)
