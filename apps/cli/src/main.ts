import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import { generateCommand } from "./generate.ts"
import { presenterLayer } from "./presenter.ts"

const auteur = Command.make("auteur").pipe(
  Command.withDescription("Text to video on your own machine: a prompt becomes a video file"),
  Command.withSubcommands([generateCommand]),
)

/** `auteur "a prompt"` is short for `auteur generate "a prompt"`. */
const withCommand = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const first = args[0]
  const isRoot =
    first === undefined || first === "generate" || /^--(help|version|completions|wizard|log-level)\b/.test(first)
  return isRoot ? args : ["generate", ...args]
}

/**
 * An interrupted command ends by the signal itself, as a shell expects: at once, also where a worker is inside of a long native
 * call that an orderly exit would have to wait for.
 */
const endBySignal: Runtime.Teardown = (exit, onExit) => {
  if (Exit.isFailure(exit) && Cause.hasInterrupts(exit.cause)) {
    process.removeAllListeners("SIGINT")
    process.kill(process.pid, "SIGINT")
  } else {
    Runtime.defaultTeardown(exit, onExit)
  }
}

Command.runWith(auteur, { version: "0.1.0" })(withCommand(process.argv.slice(2))).pipe(
  Effect.provide(Layer.merge(NodeServices.layer, presenterLayer)),
  Effect.catch((error) =>
    Effect.sync(() => {
      // The parser has printed what is wrong with the command line itself.
      if (CliError.isCliError(error)) process.exitCode = 2
      else {
        process.stderr.write(`${process.stderr.isTTY ? "\r\u001b[2K" : ""}${error.message}\n`)
        process.exitCode = 1
      }
    }),
  ),
  NodeRuntime.runMain({ disableErrorReporting: true, teardown: endBySignal }),
)
