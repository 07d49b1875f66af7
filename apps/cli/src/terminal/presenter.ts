import { nearestNames } from "auteur/effect"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import { standardError, standardOutput } from "./output.ts"
import { shorten } from "./visible-text.ts"

/** A wrong command line gets its errors and the way to the help; the whole help would hide them. */
export const presenterLayer: Layer.Layer<never> = CliOutput.layerPresenter({
  present: (event) =>
    Effect.sync(() => {
      const command = event._tag === "Version" ? "" : event.commandPath.join(" ")
      switch (event._tag) {
        case "Version":
          return standardOutput.print(`${event.name} v${event.version}\n`)
        case "Help":
          return standardOutput.draw(`${CliOutput.defaultFormatter().formatHelpDoc(event.helpDoc)}\n`)
        case "InvalidInvocation":
          for (const error of event.errors) standardError.print(`${explain(error, command)}\n`)
          standardError.print(`See ${command} --help\n`)
      }
    }),
})

const explain = (error: CliError.NonShowHelpErrors, command: string): string => {
  switch (error._tag) {
    case "UnrecognizedOption":
      return `There is no flag ${error.option} in ${command}${meant(error.suggestions)}`
    case "UnknownSubcommand":
      return `There is no command "${shorten(error.subcommand)}" in ${command}${meant(error.suggestions)}`
    case "UnexpectedArgument": {
      const isNpm = process.env["npm_lifecycle_event"] === "start"
      const left = error.arguments.map((text) => JSON.stringify(shorten(text, 40))).join(", ")
      return `${left} ${error.arguments.length === 1 ? "is one argument" : "are arguments"} too many: put a text of several words in quotes${isNpm ? ", and -- after npm start" : ""}.`
    }
    case "InvalidValue": {
      const { option, value, expected } = error
      if (value === "") return `--${option} needs a value: ${expected}.`
      if (expected.includes(" | ")) return wrongChoice(option, value, expected.replaceAll('"', "").split(" | "))
      return `--${option} cannot be "${shorten(value)}": it must be ${expected}.`
    }
    default:
      return shorten(error.message.trim(), 400)
  }
}

/** Says that a flag does not have a choice, and which it has. */
export const wrongChoice = (option: string, value: string, choices: ReadonlyArray<string>): string =>
  `--${option} cannot be "${shorten(value)}": it must be one of ${choices.join(", ")}${meant(nearestNames(value, choices))}`

/** The end of a sentence, which names the nearest of what there is. */
const meant = ([nearest]: ReadonlyArray<string>): string => (nearest === undefined ? "." : `; did you mean ${nearest}?`)
