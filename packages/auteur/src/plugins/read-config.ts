import { readFile } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import { PluginError } from "@auteur/core"
import { type SamplerName, samplerNames } from "@auteur/samplers"
import type { AuteurConfig, LoadedConfig } from "./config.ts"
import { importFile } from "./import-file.ts"
import { loadEntry } from "./load-plugin.ts"
import { defaultLimits, type PluginLimits } from "./limits.ts"

/** Reads a config that is there; rejects with a {@link PluginError}. */
export const readConfig = async (path: string): Promise<LoadedConfig> => {
  const config = checkConfig(path, path.endsWith(".json") ? await readJson(path) : await importDefault(path))
  const plugins = await loadEntry(config.plugins ?? [], path)
  const { model, sampler, pluginLimits } = config
  return {
    path,
    plugins,
    ...(model === undefined ? {} : { model: model.startsWith(".") ? resolve(dirname(path), model) : model }),
    ...(sampler === undefined ? {} : { sampler }),
    ...(pluginLimits === undefined ? {} : { pluginLimits }),
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

const fields = ["model", "sampler", "plugins", "pluginLimits"] satisfies ReadonlyArray<keyof AuteurConfig>

const checkConfig = (path: string, value: unknown): AuteurConfig => {
  const refuse = (problem: string) => new PluginError({ message: `The config ${path} ${problem}` })
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refuse("is no object: it has to be { model, sampler, plugins, pluginLimits }, of which each may be left out.")
  }
  const unknown = Object.keys(value).find((name) => !(fields as ReadonlyArray<string>).includes(name))
  if (unknown !== undefined) throw refuse(`says "${unknown}", which is not known: it may say ${fields.join(", ")}.`)
  const { model, sampler, plugins, pluginLimits } = value as Readonly<Record<string, unknown>>
  if (model !== undefined && typeof model !== "string") throw refuse('has a "model" that is no text: name a model.')
  if (sampler !== undefined && !samplerNames.includes(sampler as SamplerName)) {
    throw refuse(`has the "sampler" ${JSON.stringify(sampler)}: choose one of ${samplerNames.join(", ")}.`)
  }
  if (plugins !== undefined && !Array.isArray(plugins)) {
    throw refuse('has "plugins" that are no list: write "plugins": ["auteur-plugin-x"].')
  }
  checkLimits(pluginLimits, refuse)
  return value
}

const checkLimits = (limits: unknown, refuse: (problem: string) => PluginError): void => {
  if (limits === undefined) return
  const legal = Object.keys(defaultLimits) as ReadonlyArray<keyof PluginLimits>
  const entries = typeof limits === "object" && limits !== null ? Object.entries(limits) : undefined
  const odd = entries?.find(([name, seconds]) => !legal.includes(name as keyof PluginLimits) || !(seconds > 0))
  if (entries !== undefined && odd === undefined) return
  throw refuse(
    `has "pluginLimits" with ${odd === undefined ? JSON.stringify(limits) : `"${odd[0]}": ${JSON.stringify(odd[1])}`}: it may hold ${legal.join(" and ")}, seconds above 0.`,
  )
}
