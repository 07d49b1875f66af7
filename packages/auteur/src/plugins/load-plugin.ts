import { checkPlugin, PluginError } from "@auteur/core"
import type { LoadedPlugin } from "./built-plugin.ts"
import type { ConfigEntry } from "./config.ts"
import { importFile } from "./import-file.ts"
import { resolvePlugin } from "./resolve-plugin.ts"

/** The plugins of an entry of the config at `base`; rejects with a {@link PluginError} that names what cannot be loaded. */
export const loadEntry = async (entry: ConfigEntry, base: string): Promise<ReadonlyArray<LoadedPlugin>> => {
  if (!entry) return []
  if (typeof entry === "string") return loadNamed(entry, undefined, base)
  if (!Array.isArray(entry)) return [{ ...checkPlugin(entry, base), from: base }]
  if (isPair(entry)) return loadNamed(entry[0], entry[1], base)
  const loaded: Array<LoadedPlugin> = []
  for (const each of entry as ReadonlyArray<ConfigEntry>) loaded.push(...(await loadEntry(each, base)))
  return loaded
}

/** `["name", { options }]`; a preset of a name and a plugin is no such pair. */
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
  const what = `The plugin "${name}"`
  const module = await importFile(path, what)
  const exported = module["default"] ?? module["plugin"]
  if (exported === undefined) {
    throw new PluginError({
      message: `${what} (${path}) has no default export and none called "plugin": it has to export a plugin, or a function that makes one.`,
    })
  }
  if (typeof exported !== "function") {
    if (options === undefined) return loadEntry(exported as ConfigEntry, path)
    throw new PluginError({
      message: `${what} takes no options, but ${base} gives it ${JSON.stringify(options)}: write its name alone.`,
    })
  }
  return loadEntry(await made(exported as (options: object) => unknown, options ?? {}, what), path)
}

const made = async (factory: (options: object) => unknown, options: object, what: string): Promise<ConfigEntry> => {
  try {
    const entry = (await factory(options)) as ConfigEntry | undefined
    if (entry) return entry
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    throw new PluginError({
      message: `${what} cannot be made with the options ${JSON.stringify(options)}: ${reason}`,
      cause: thrown,
    })
  }
  throw new PluginError({ message: `${what} made nothing: its function has to give back { name, apiVersion, layer }.` })
}
