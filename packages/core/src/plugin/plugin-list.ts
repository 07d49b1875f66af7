import * as Layer from "effect/Layer"
import { PluginError } from "../services/errors.ts"
import { type AnyPlugin, pluginApiVersions } from "./plugin.ts"

/** An entry of a list of plugins: a plugin, a preset, which is a list itself, or a falsy value where a condition left one out. */
export type PluginEntry = AnyPlugin | false | null | undefined | "" | 0 | ReadonlyArray<PluginEntry>

/** The plugins of a list, presets flattened and falsy entries left out; throws a {@link PluginError} for anything else. */
export const flattenPlugins = (entry: PluginEntry): ReadonlyArray<AnyPlugin> => {
  if (!entry) return []
  return Array.isArray(entry)
    ? (entry as ReadonlyArray<PluginEntry>).flatMap(flattenPlugins)
    : [checkPlugin(entry as AnyPlugin)]
}

/** A value that is to be a plugin; throws a {@link PluginError} that says what is wrong with it. */
export const checkPlugin = (value: unknown, from?: string): AnyPlugin => {
  const place = from === undefined ? "" : ` of ${from}`
  if (typeof value === "function") {
    throw new PluginError({ message: `A plugin${place} is a function that makes one: call it, as in \`plugin()\`.` })
  }
  if (typeof value !== "object" || value === null) {
    throw new PluginError({
      message: `A plugin${place} is ${describe(value)}: it has to be { name, apiVersion, layer }, as definePlugin makes it.`,
    })
  }
  const { name, apiVersion, layer } = value as Readonly<Record<string, unknown>>
  if (typeof name !== "string" || !/^[^\s,]+$/.test(name)) {
    throw new PluginError({
      message: `A plugin${place} has the name ${describe(name)}: give it one word, such as "auteur-plugin-mine".`,
    })
  }
  if (!pluginApiVersions.includes(apiVersion as string)) {
    throw new PluginError({
      message: `The plugin "${name}" was written for the plugin interface ${describe(apiVersion)}, and this version of auteur knows ${pluginApiVersions.join(", ")}: install another version of the plugin, or of auteur.`,
    })
  }
  if (!Layer.isLayer(layer)) {
    throw new PluginError({
      message: `The plugin "${name}" has ${describe(layer)} for a layer: make one with Layer.succeed or Layer.effect of effect 4.`,
    })
  }
  return value as AnyPlugin
}

const describe = (value: unknown): string => {
  if (value === null || value === undefined) return "nothing"
  if (typeof value === "string") return `"${value}"`
  if (typeof value === "number" || typeof value === "boolean") return String(value)
  return Array.isArray(value) ? "a list" : typeof value === "function" ? "a function" : "an object"
}
