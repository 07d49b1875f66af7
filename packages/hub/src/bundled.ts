import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

/** The model that comes with auteur. */
export const defaultModel = "emoji-world"

const bundledFolder = fileURLToPath(new URL("../../../models", import.meta.url))

/** The models that come with auteur: their folders by name. */
export const bundledModels = async (): Promise<ReadonlyMap<string, string>> => {
  const entries = await readdir(bundledFolder, { withFileTypes: true }).catch(() => [])
  return new Map(
    entries.filter((entry) => entry.isDirectory()).map(({ name }) => [name, join(bundledFolder, name)] as const),
  )
}
