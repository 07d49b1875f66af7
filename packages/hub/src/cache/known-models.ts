import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

/** The model that comes with auteur. */
export const defaultModel = "emoji-world"

/** In the published package, and at the root of the repository. */
const places = ["../../models", "../../../../models"].map((path) => fileURLToPath(new URL(path, import.meta.url)))

/** The models that come with auteur: their folders by name. */
export const bundledModels = async (): Promise<ReadonlyMap<string, string>> => {
  for (const place of places) {
    const entries = await readdir(place, { withFileTypes: true }).catch(() => undefined)
    if (entries === undefined) continue
    return new Map(entries.filter((entry) => entry.isDirectory()).map(({ name }) => [name, join(place, name)] as const))
  }
  return new Map()
}

/** The CogVideoX models that their authors publish in the layout of diffusers. */
export const publishedModels: ReadonlyArray<string> = [
  "zai-org/CogVideoX-2b",
  "zai-org/CogVideoX-5b",
  "zai-org/CogVideoX-5b-I2V",
  "zai-org/CogVideoX1.5-5B",
  "zai-org/CogVideoX1.5-5B-I2V",
]
