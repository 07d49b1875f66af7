import { builtInParts, CurrentModel, filmLayer, loadConfig, type PluginReport, type ProvidedPart } from "auteur"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { formatTable } from "./amounts.ts"
import { requestFlags } from "./request-flags.ts"

const flags = {
  config: requestFlags.config,
  model: requestFlags.model,
  json: Flag.Boolean("json").pipe(Flag.withDescription("Print JSON instead of a table"), Flag.withDefault(false)),
}

/** `auteur plugins`: what is loaded, what it provides, and from where. */
export const pluginsCommand = Command.make(
  "plugins",
  flags,
  Effect.fn("plugins")(function* ({ config: file, model, json }) {
    const config = yield* loadConfig({ file: Option.getOrUndefined(file) })
    const plugins = config === undefined ? [] : yield* loadedPlugins(config, Option.getOrUndefined(model))
    if (json)
      return yield* Console.log(JSON.stringify({ config: config?.path ?? null, plugins, builtIn: builtInParts }))
    if (config === undefined) yield* Console.log("No auteur.config.ts is here, so no plugins are loaded.\n")
    else if (plugins.length === 0) yield* Console.log(`${config.path} names no plugins.\n`)
    else yield* Console.log(`${formatTable([["plugin", "version", "provides", "from"], ...plugins.flatMap(toRows)])}\n`)
    const rows = Object.entries(builtInParts).map(([kind, names]) => [kind, names.join(", ")])
    yield* Console.log(formatTable([["built in", ""], ...rows]))
  }),
).pipe(
  Command.withDescription("List the plugins that are loaded, and the parts that are built in"),
  Command.withExamples([{ command: "auteur plugins --config studio.config.ts" }]),
)

type Config = Effect.Success<ReturnType<typeof loadConfig>> & {}

const loadedPlugins = (config: Config, model: string | undefined) =>
  CurrentModel.useSync(({ plugins }) => plugins).pipe(
    Effect.provide(
      filmLayer({ model: model ?? config.model, plugins: config.plugins, pluginLimits: config.pluginLimits }),
    ),
  )

const toRows = ({ name, apiVersion, provides, from }: PluginReport): ReadonlyArray<ReadonlyArray<string>> => {
  const [first = "nothing that a video is made with", ...rest] = provides.map(toText)
  return [[name, apiVersion, first, from], ...rest.map((part) => ["", "", part, ""])]
}

const toText = ({ kind, name, replacedBy }: ProvidedPart): string =>
  `${kind}${name === undefined ? "" : ` "${name}"`}${replacedBy === undefined ? "" : `, replaced by ${replacedBy}`}`
