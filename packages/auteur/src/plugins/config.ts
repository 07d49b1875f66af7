import type { PluginEntry } from "@auteur/core"
import type { SamplerName } from "@auteur/samplers"
import type { LoadedPlugin } from "./built-plugin.ts"
import type { PluginLimits } from "./limits.ts"

/**
 * A plugin in a config: itself, a preset of several, or by name: a package, or a file by its path from the config, with options where
 * it takes some. What is falsy is left out.
 */
export type ConfigEntry = PluginEntry | string | readonly [name: string, options: object] | ReadonlyArray<ConfigEntry>

/** What `auteur.config.ts` may say. */
export interface AuteurConfig {
  /** The model that is used where none is named: a folder, by its path from the config, or a name. */
  readonly model?: string
  /** The sampler that is used where none is named. */
  readonly sampler?: SamplerName
  readonly plugins?: ReadonlyArray<ConfigEntry>
  readonly pluginLimits?: PluginLimits
}

/** A config as it was read, its plugins loaded. */
export interface LoadedConfig {
  /** The file. */
  readonly path: string
  readonly model?: string
  readonly sampler?: SamplerName
  readonly plugins: ReadonlyArray<LoadedPlugin>
  readonly pluginLimits?: PluginLimits
}

/**
 * The contents of `auteur.config.ts`: gives them their type.
 *
 * @example
 * export default defineConfig({
 *   plugins: ["auteur-plugin-karras", process.env.CI ? undefined : ["./sharpen.ts", { amount: 0.2 }]],
 * })
 */
export const defineConfig = (config: AuteurConfig): AuteurConfig => config
