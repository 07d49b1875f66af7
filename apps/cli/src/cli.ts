import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { version } from "auteur/effect"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as CliConfig from "effect/cli/CliConfig"
import * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import { doctorCommand } from "./commands/doctor.ts"
import { estimateCommand } from "./commands/estimate.ts"
import { generateCommand } from "./commands/generate.ts"
import { generateFlagNames } from "./commands/generate-flags.ts"
import { modelsCommand } from "./commands/models.ts"
import { pluginsCommand } from "./commands/plugins.ts"
import { CommandError, exitCodeRule, toCommandError } from "./process/command-error.ts"
import { endBySignal, watchSignals } from "./process/signals.ts"
import { checkArguments } from "./request/check-arguments.ts"
import { consoleLayer, standardError, watchOutputs } from "./terminal/output.ts"
import { presenterLayer } from "./terminal/presenter.ts"
import { clearLine } from "./terminal/progress-bar.ts"

const commands = [generateCommand, estimateCommand, modelsCommand, pluginsCommand, doctorCommand] as const

const auteur = Command.make("auteur").pipe(
  Command.withDescription(
    `Text to video on your own machine: a prompt becomes a video file.\n\n\`auteur "a prompt"\` is short for \`auteur generate "a prompt"\`.\n\n${exitCodeRule}`,
  ),
  Command.withSubcommands(commands),
  Command.withExamples([
    { command: 'auteur "a fox runs to the right in a meadow"' },
    { command: "auteur generate --help" },
  ]),
)

const names = {
  commands: commands.map(({ name }) => name),
  flags: [...generateFlagNames, "help", "version", "completions", "log-level"],
  letters: ["o", "m", "n", "q", "h", "v"],
}

const withCommand = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const first = args[0]
  const isRoot =
    first === undefined ||
    names.commands.some((name) => name === first) ||
    /^(-h|-v|--(help|version|completions|log-level)\b)/.test(first)
  return isRoot ? args : ["generate", ...args]
}

const run = Effect.fnUntraced(function* (args: ReadonlyArray<string>) {
  const wrong = checkArguments(args, names, process.env)
  if (wrong !== undefined) return yield* wrong
  yield* Command.runWith(auteur, { version })(withCommand(args))
})

const explain = (error: Parameters<typeof toCommandError>[0]): CommandError =>
  // The parser has printed what is wrong with the command line itself.
  CliError.isCliError(error) ? new CommandError({ message: "", exitCode: 2 }) : toCommandError(error)

const teardown: Runtime.Teardown = (exit, onExit) => {
  if (Exit.isFailure(exit) && Cause.hasInterrupts(exit.cause)) Effect.runFork(endBySignal)
  else Runtime.defaultTeardown(exit, onExit)
}

const shellLayer = Layer.mergeAll(
  NodeServices.layer,
  presenterLayer,
  consoleLayer,
  CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions, GlobalFlag.LogLevel] }),
)

watchSignals()
watchOutputs()
run(process.argv.slice(2)).pipe(
  Effect.provide(shellLayer),
  Effect.catch((error) => Effect.fail(explain(error))),
  Effect.catchDefect((defect) => {
    const problem = defect instanceof Error ? defect.message : String(defect)
    // Deno's sentence names what is to be permitted.
    const isForbidden = defect instanceof Error && defect.name === "NotCapable"
    const message = isForbidden
      ? `auteur is not permitted to continue: ${problem}.`
      : `auteur has a fault: ${problem}. Please report it.`
    return Effect.fail(new CommandError({ message, exitCode: 1 }))
  }),
  Effect.catch(({ message, exitCode }) =>
    Effect.sync(() => {
      if (standardError.isTerminal && message !== "") standardError.draw(clearLine)
      if (message !== "") standardError.print(`${message}\n`)
      process.exitCode = exitCode
    }),
  ),
  NodeRuntime.runMain({ disableErrorReporting: true, teardown }),
)
