import {
  builtInComponents,
  checkPlugins,
  CurrentModel,
  modelLayer,
  loadConfig,
  type PluginReport,
  type ProvidedComponent,
} from "auteur/effect"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { formatTable } from "../reporting/format.ts"
import { printJson } from "../terminal/output.ts"
import { CommandError } from "../process/command-error.ts"
import { requestFlags } from "../request/request-flags.ts"

const flags = {
  config: requestFlags.config,
  model: requestFlags.model,
  json: Flag.Boolean("json").pipe(Flag.withDescription("Print JSON instead of a table"), Flag.withDefault(false)),
}

const check = Command.make(
  "check",
  {
    name: Argument.String("name").pipe(
      Argument.withDescription(
        "The name of a plugin, or the name by which the config names it; by default all of them",
      ),
      Argument.optional,
    ),
    ...flags,
  },
  Effect.fn("plugins check")(function* ({ name, config: file, model, json }) {
    const config = yield* loadConfig({ file: Option.getOrUndefined(file) })
    const checked = yield* checkPlugins(Option.getOrUndefined(name)).pipe(
      Effect.provide(layerOf(config, Option.getOrUndefined(model))),
    )
    if (json) yield* printJson(checked)
    else {
      for (const { plugin, component, law, problem } of checked) {
        yield* Console.log(`${problem === undefined ? "✓" : "✗"} ${plugin}, ${component}: ${law}`)
        if (problem !== undefined) yield* Console.log(`  ${problem}`)
      }
    }
    const broken = checked.filter(({ problem }) => problem !== undefined).length
    if (broken === 0) return
    return yield* new CommandError({
      message: json ? "" : `\n${broken === 1 ? "One law is" : `${broken} laws are`} broken.`,
      exitCode: 1,
    })
  }),
).pipe(Command.withDescription("Test the components of plugins against the laws of their kinds"))

/** `auteur plugins`: what is loaded, what it provides, and from where. */
export const pluginsCommand = Command.make(
  "plugins",
  flags,
  Effect.fn("plugins")(function* ({ config: file, model, json }) {
    const config = yield* loadConfig({ file: Option.getOrUndefined(file) })
    const { plugins } =
      config === undefined
        ? { plugins: [] }
        : yield* CurrentModel.pipe(Effect.provide(layerOf(config, Option.getOrUndefined(model))))
    if (json) return yield* printJson({ config: config?.path ?? null, plugins, builtIn: builtInComponents })
    if (config === undefined) yield* Console.log("No auteur.config.ts is here, so no plugins are loaded.\n")
    else if (plugins.length === 0) yield* Console.log(`${config.path} names no plugins.\n`)
    else yield* Console.log(`${formatTable([["plugin", "version", "provides", "from"], ...plugins.flatMap(toRows)])}\n`)
    const rows = Object.entries(builtInComponents).map(([kind, names]) => [kind, names.join(", ")])
    yield* Console.log(formatTable([["built in", ""], ...rows]))
  }),
).pipe(
  Command.withDescription("List the plugins that are loaded, and the built-in components"),
  Command.withSubcommands([check]),
  Command.withExamples([{ command: "auteur plugins --config studio.config.ts" }]),
)

type Config = Effect.Success<ReturnType<typeof loadConfig>>

const layerOf = (config: Config, model: string | undefined) =>
  modelLayer({ model: model ?? config?.model, plugins: config?.plugins })

const toRows = ({ name, apiVersion, provides, from }: PluginReport): ReadonlyArray<ReadonlyArray<string>> => {
  const [first = "none of the components of a video", ...rest] = provides.map(toText)
  return [[name, apiVersion, first, from], ...rest.map((part) => ["", "", part, ""])]
}

const toText = ({ kind, name, replacedBy }: ProvidedComponent): string =>
  `${kind}${name === undefined ? "" : ` "${name}"`}${replacedBy === undefined ? "" : `, replaced by ${replacedBy}`}`
