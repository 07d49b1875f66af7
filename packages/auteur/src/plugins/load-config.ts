import { existsSync } from "node:fs"
import { join, resolve } from "node:path"
import { PluginError } from "@auteur/core"
import * as Effect from "effect/Effect"
import type { LoadedConfig } from "./config.ts"

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
