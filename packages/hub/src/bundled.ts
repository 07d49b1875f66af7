import { existsSync } from "node:fs"
import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { ModelError } from "@auteur/core"
import * as Effect from "effect/Effect"

/** The model that comes with auteur. */
export const defaultModel = "emoji-world"

const bundledFolder = fileURLToPath(new URL("../../../models", import.meta.url))

/** The folder of a model given by its path or by the name of a bundled one; a bundled name wins over a folder of the same name only when that folder does not exist. */
export const resolveModel: (nameOrPath: string) => Effect.Effect<string, ModelError> = Effect.fnUntraced(
  function* (nameOrPath) {
    if (existsSync(nameOrPath)) return nameOrPath
    const bundled = yield* Effect.promise(() => readdir(bundledFolder).catch((): Array<string> => []))
    if (bundled.includes(nameOrPath)) return join(bundledFolder, nameOrPath)
    return yield* new ModelError({
      message: `There is no model "${nameOrPath}": it is neither a folder here nor a bundled model (${bundled.join(", ")}).`,
    })
  },
)
