import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import { generateCommand } from "./generate.ts"

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

Command.runWith(auteur, { version: "0.1.0" })(withCommand(process.argv.slice(2))).pipe(
  Effect.provide(NodeServices.layer),
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
  NodeRuntime.runMain,
)
