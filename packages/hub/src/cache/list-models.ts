import { readdir, realpath, stat } from "node:fs/promises"
import { join, resolve } from "node:path"
import type { ModelError } from "@auteur/core"
import * as Effect from "effect/Effect"
import { unknownClasses } from "../folder/components.ts"
import { checkModel } from "../folder/model-folder.ts"
import { attempt, readJson } from "../folder/read-file.ts"
import { cachedCommits, cachedReferences, cachedRepositories, snapshotFolder } from "./hub-cache.ts"
import { bundledModels } from "./known-models.ts"
import { formatRepository } from "./repository.ts"
import { readCache } from "./resolve-model.ts"
import { cacheFolder, type Environment } from "./settings.ts"

/** The inputs of a model beside the prompt. */
export type ModelKind = "text-to-video" | "image-to-video" | "video-to-video" | "unknown"

export interface ListedModel {
  /** The name that `resolveModel` takes. */
  readonly name: string
  readonly path: string
  readonly source: "bundled" | "cache" | "folder"
  readonly kind: ModelKind
  /** The generation of CogVideoX, 1.5 where its transformer cuts patches in time too. */
  readonly version: "1.0" | "1.5" | undefined
  /** Bytes on disk. */
  readonly size: number
  /** Its problems, one sentence each: none when it is complete. */
  readonly problems: ReadonlyArray<string>
}

export interface ListOptions {
  /** Further model folders. */
  readonly folders?: ReadonlyArray<string>
  /** In the place of `process.env`: `HF_HOME`, `HF_HUB_CACHE`. */
  readonly env?: Environment
}

const kinds: Readonly<Record<string, ModelKind>> = {
  CogVideoXPipeline: "text-to-video",
  CogVideoXImageToVideoPipeline: "image-to-video",
  CogVideoXVideoToVideoPipeline: "video-to-video",
}

/** Lists the models on disk: the bundled ones, those of the Hugging Face cache that can be run, and given folders. */
export const listModels: (options?: ListOptions) => Effect.Effect<ReadonlyArray<ListedModel>, ModelError> =
  Effect.fnUntraced(function* (options = {}) {
    const listed: Array<ListedModel> = []
    for (const [name, path] of yield* Effect.promise(bundledModels)) listed.push(yield* describe(name, path, "bundled"))
    const cache = cacheFolder(options.env ?? process.env)
    const snapshots = yield* readCache(cache, () => cachedSnapshots(cache))
    for (const { name, path } of snapshots) {
      const index = yield* readOption(path, "model_index.json")
      // Other tools keep models of other kinds in the same cache.
      if (index._tag === "None" || unknownClasses(name, index.value).length > 0) continue
      listed.push(yield* describe(name, path, "cache"))
    }
    for (const folder of options.folders ?? []) listed.push(yield* describe(folder, resolve(folder), "folder"))
    return listed
  })

const cachedSnapshots = async (cache: string) => {
  const snapshots: Array<{ readonly name: string; readonly path: string }> = []
  for (const id of await cachedRepositories(cache)) {
    const references = [...(await cachedReferences(cache, id))]
    for (const commit of await cachedCommits(cache, id)) {
      const revisions = references.filter(([, other]) => other === commit).map(([revision]) => revision)
      const revision = revisions.includes("main") ? "main" : (revisions[0] ?? commit)
      snapshots.push({ name: formatRepository({ id, revision }), path: snapshotFolder(cache, id, commit) })
    }
  }
  return snapshots
}

const readOption = (...path: ReadonlyArray<string>) => Effect.option(attempt(() => readJson(join(...path))))

const describe = Effect.fnUntraced(function* (name: string, path: string, source: ListedModel["source"]) {
  const index = yield* readOption(path, "model_index.json")
  const transformer = yield* readOption(path, "transformer", "config.json")
  const kind = index._tag === "None" ? undefined : kinds[String(index.value["_class_name"])]
  const version = transformer._tag === "None" ? undefined : versionOf(transformer.value)
  const model: ListedModel = {
    name,
    path,
    source,
    kind: kind ?? "unknown",
    version,
    size: yield* Effect.promise(() => sizeOnDisk(path)),
    problems: yield* checkModel(path),
  }
  return model
})

const versionOf = (config: Readonly<Record<string, unknown>>): "1.0" | "1.5" =>
  typeof config["patch_size_t"] === "number" ? "1.5" : "1.0"

/** Bytes of all files below a folder, links followed, each file once. */
const sizeOnDisk = async (folder: string): Promise<number> => {
  const names = await readdir(folder, { recursive: true }).catch((): Array<string> => [])
  const sizes = new Map<string, number>()
  for (const name of names) {
    const path = join(folder, name)
    const info = await stat(path).catch(() => undefined)
    if (info?.isFile()) sizes.set(await realpath(path), info.size)
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0)
}
