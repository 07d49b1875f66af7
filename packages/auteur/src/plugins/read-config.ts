import { readFile } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import { checkPlugin, PluginError } from "@auteur/core"
import { nearestNames } from "@auteur/hub"
import { type SamplerName, samplerNames } from "@auteur/samplers"
import type { AuteurConfig, ConfigEntry, LoadedConfig, LoadedPlugin } from "./config.ts"
import { importFile, resolvePlugin } from "./resolve-plugin.ts"

/** Reads a config that is there; rejects with a {@link PluginError}. */
export const readConfig = async (path: string): Promise<LoadedConfig> => {
  const config = checkConfig(path, path.endsWith(".json") ? await readJson(path) : await importDefault(path))
  const plugins = await loadEntry(config.plugins ?? [], path)
  const { model, sampler } = config
  return {
    path,
    plugins,
    ...(model === undefined ? {} : { model: model.startsWith(".") ? resolve(dirname(path), model) : model }),
    ...(sampler === undefined ? {} : { sampler }),
  }
}

const readJson = async (path: string): Promise<unknown> => {
  const text = await readFile(path, "utf8").catch((cause: Error) => {
    throw new PluginError({ message: `The config ${path} cannot be read (${cause.message}): check its permissions.` })
  })
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""))
  } catch (cause) {
    throw new PluginError({ message: `The config ${path} is not JSON: ${(cause as Error).message}.` })
  }
}

const importDefault = async (path: string): Promise<unknown> => {
  const module = await importFile(path, `The config ${path}`)
  if (module["default"] !== undefined) return module["default"]
  throw new PluginError({
    message: `The config ${path} exports nothing: write \`export default defineConfig({ … })\`.`,
  })
}

const keys = ["model", "sampler", "plugins"] satisfies ReadonlyArray<keyof AuteurConfig>

const checkConfig = (path: string, value: unknown): AuteurConfig => {
  const refuse = (problem: string) => new PluginError({ message: `The config ${path} ${problem}` })
  const didYouMean = (name: string, known: ReadonlyArray<string>): string => {
    const [near] = nearestNames(name, known)
    return near === undefined ? `choose one of ${known.join(", ")}.` : `did you mean "${near}"?`
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refuse(`is not an object: write { ${keys.join(", ")} }, of which each may be left out.`)
  }
  const unknown = Object.keys(value).find((name) => !(keys as ReadonlyArray<string>).includes(name))
  if (unknown !== undefined) throw refuse(`has the unknown key "${unknown}": ${didYouMean(unknown, keys)}`)
  const { model, sampler, plugins } = value as Readonly<Record<string, unknown>>
  if (model !== undefined && typeof model !== "string") {
    throw refuse('has a "model" that is not a string: give the name of a model or its folder.')
  }
  if (sampler !== undefined && !samplerNames.includes(sampler as SamplerName)) {
    throw refuse(`has the unknown sampler ${JSON.stringify(sampler)}: ${didYouMean(String(sampler), samplerNames)}`)
  }
  if (plugins !== undefined && !Array.isArray(plugins)) {
    throw refuse('has "plugins" that are not a list: write "plugins": ["auteur-plugin-x"].')
  }
  return value
}

/** Loads the plugins of an entry of the config, or of the preset, at `base`. */
const loadEntry = async (entry: ConfigEntry, base: string): Promise<ReadonlyArray<LoadedPlugin>> => {
  if (!entry) return []
  if (typeof entry === "string") return loadNamed(entry, undefined, base)
  if (!Array.isArray(entry)) return [{ ...checkPlugin(entry, base), from: base }]
  if (isPair(entry)) return loadNamed(entry[0], entry[1], base)
  const loaded: Array<LoadedPlugin> = []
  for (const each of entry as ReadonlyArray<ConfigEntry>) loaded.push(...(await loadEntry(each, base)))
  return loaded
}

/** Whether an entry is `["name", { options }]`, which a preset of a name and a plugin is not. */
const isPair = (entry: ReadonlyArray<unknown>): entry is readonly [string, object] => {
  const [name, options] = entry
  const isOptions = typeof options === "object" && options !== null && !Array.isArray(options) && !("layer" in options)
  return entry.length === 2 && typeof name === "string" && name !== "" && isOptions
}

const loadNamed = async (
  name: string,
  options: object | undefined,
  base: string,
): Promise<ReadonlyArray<LoadedPlugin>> => {
  const path = resolvePlugin(name, base)
  const who = `The plugin "${name}"`
  const module = await importFile(path, who)
  const exported = module["default"] ?? module["plugin"]
  if (exported === undefined) {
    throw new PluginError({
      message: `${who} (${path}) has no default export and none called "plugin": it has to export a plugin, or a function that makes one.`,
    })
  }
  if (typeof exported !== "function" && options !== undefined) {
    throw new PluginError({
      message: `${who} takes no options, but ${base} gives it ${JSON.stringify(options)}: write its name alone.`,
    })
  }
  const entry =
    typeof exported === "function"
      ? await callFactory(exported as (options: object) => unknown, options ?? {}, who)
      : (exported as ConfigEntry)
  return (await loadEntry(entry, path)).map((plugin) => ({ ...plugin, entry: name }))
}

const callFactory = async (
  factory: (options: object) => unknown,
  options: object,
  who: string,
): Promise<ConfigEntry> => {
  try {
    const entry = (await factory(options)) as ConfigEntry | undefined
    if (entry) return entry
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    throw new PluginError({
      message: `${who} cannot be made with the options ${JSON.stringify(options)}: ${reason}`,
      cause: thrown,
    })
  }
  throw new PluginError({ message: `${who} made nothing: its function has to return { name, apiVersion, layer }.` })
}
