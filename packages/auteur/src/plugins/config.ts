import { existsSync } from "node:fs"
import { join, resolve } from "node:path"
import { type AnyPlugin, type PluginEntry, PluginError } from "@auteur/core"
import type { SamplerName } from "@auteur/samplers"
import * as Effect from "effect/Effect"

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

const names = ["ts", "mts", "js", "mjs", "json"].map((ending) => `auteur.config.${ending}`)

export interface LoadConfigOptions {
  /** The folder to look for a config in; by default the working folder. */
  readonly folder?: string | undefined
  /** The config itself, wherever it lies. */
  readonly file?: string | undefined
}

/**
 * Reads `auteur.config.ts` (or `.mts`, `.js`, `.mjs`, `.json`) and loads its plugins; gives nothing where there is none.
 *
 * Fails with a {@link PluginError} that names the file or the plugin, what is wrong with it and how to fix it.
 */
export const loadConfig: (options?: LoadConfigOptions) => Effect.Effect<LoadedConfig | undefined, PluginError> =
  Effect.fnUntraced(function* ({ folder = ".", file } = {}) {
    const found = file === undefined ? names.filter((name) => existsSync(join(folder, name))) : [file]
    if (found.length > 1) {
      return yield* new PluginError({ message: `${found.join(" and ")} are both there: keep one of them.` })
    }
    if (found[0] === undefined) return undefined
    const path = resolve(folder, found[0])
    if (!existsSync(path)) {
      return yield* new PluginError({ message: `There is no config at ${path}: check the path given with --config.` })
    }
    // Reading and resolving take time to load, which most runs need not spend.
    const { readConfig } = yield* Effect.promise(() => import("./read-config.ts"))
    return yield* Effect.tryPromise({
      try: () => readConfig(path),
      catch: (thrown) =>
        thrown instanceof PluginError
          ? thrown
          : new PluginError({ message: `The config ${path} cannot be read: ${String(thrown)}`, cause: thrown }),
    })
  })
