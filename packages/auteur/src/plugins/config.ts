import type { AnyPlugin, PluginEntry } from "@auteur/core"
import type { SamplerName } from "@auteur/samplers"

/**
 * A plugin in a config: itself, a preset of several, or a name: of a package, or of a file by its path from the config, with options
 * where it takes some. Falsy entries are left out.
 */
export type ConfigEntry = PluginEntry | string | readonly [name: string, options: object] | ReadonlyArray<ConfigEntry>

/** The contents of `auteur.config.ts`. */
export interface AuteurConfig {
  /** The model to use where none is named: a folder, by its path from the config, or a name. */
  readonly model?: string
  /** The sampler to use where none is named. */
  readonly sampler?: SamplerName
  readonly plugins?: ReadonlyArray<ConfigEntry>
}

/** A plugin that a config has brought. */
export interface LoadedPlugin extends AnyPlugin {
  /** The file that it was found in. */
  readonly from?: string
  /** The name that the config gives to it, or to the preset that it is part of. */
  readonly entry?: string
}

/** A config with its plugins loaded. */
export interface LoadedConfig {
  /** The file. */
  readonly path: string
  readonly model?: string
  readonly sampler?: SamplerName
  readonly plugins: ReadonlyArray<LoadedPlugin>
}

/**
 * Gives the contents of `auteur.config.ts` their type.
 *
 * @example
 * export default defineConfig({
 *   plugins: ["auteur-plugin-karras", process.env.CI ? undefined : ["./sharpen.ts", { amount: 0.2 }]],
 * })
 */
export const defineConfig = (config: AuteurConfig): AuteurConfig => config
