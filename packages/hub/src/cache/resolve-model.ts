import { existsSync } from "node:fs"
import { ModelError } from "@auteur/core"
import * as Effect from "effect/Effect"
import { checkModel, isPartialModel } from "../folder/model-folder.ts"
import { attempt, unreadable } from "../folder/read-file.ts"
import { nearestNames } from "../nearest-names.ts"
import { cachedCommits, cachedRepositories, readReference, snapshotFolder } from "./hub-cache.ts"
import { bundledModels, publishedModels } from "./known-models.ts"
import { formatRepository, isCommit, parseRepository, type Repository } from "./repository.ts"
import { cacheFolder, type Environment } from "./settings.ts"

export interface ResolveOptions {
  /** In the place of `process.env`: `HF_HOME`, `HF_HUB_CACHE`. */
  readonly env?: Environment
}

/**
 * The folder of a model, given by its path, by the name of a bundled one, or as `org/name` or `org/name@revision`
 * of one that has been fetched from Hugging Face; the first of these that exists. Nothing is fetched.
 *
 * A `ModelError` says which names are near, and how to fetch what is not there.
 */
export const resolveModel: (nameOrPath: string, options?: ResolveOptions) => Effect.Effect<string, ModelError> =
  Effect.fnUntraced(function* (nameOrPath, options = {}) {
    if (existsSync(nameOrPath)) return nameOrPath
    const bundled = yield* Effect.promise(bundledModels)
    const folder = bundled.get(nameOrPath)
    if (folder !== undefined) return folder
    const cache = cacheFolder(options.env ?? process.env)
    const repository = parseRepository(nameOrPath)
    const cached = repository === undefined ? undefined : yield* findCached(cache, repository)
    if (cached !== undefined) return cached
    if (repository === undefined && /^[./~\\]|\\|^[A-Za-z]:|\/.*\//.test(nameOrPath)) {
      return yield* new ModelError({ message: `There is no model folder at ${nameOrPath}: check the path.` })
    }
    const present = yield* readCache(cache, () => cachedRepositories(cache))
    const near = nearestNames(nameOrPath, [...bundled.keys(), ...present, ...publishedModels])
    return yield* new ModelError({
      message: `There is no model ${JSON.stringify(nameOrPath)}: it is neither a folder here, nor a bundled model (${[...bundled.keys()].join(", ")}), nor among the fetched ones in ${cache}. ${advice(repository, near, new Set([...bundled.keys(), ...present]))}`,
    })
  })

const advice = (
  repository: Repository | undefined,
  near: ReadonlyArray<string>,
  present: ReadonlySet<string>,
): string => {
  const pull = (name: string) => `\`auteur models pull ${name}\``
  const [nearest] = near
  if (repository !== undefined && (nearest === undefined || near.includes(repository.id))) {
    return `Fetch it with ${pull(formatRepository(repository))}.`
  }
  if (nearest === undefined) return "Give a path, a bundled name or org/name; `auteur models` lists what is there."
  const fix = present.has(nearest) ? "" : `; fetch it with ${pull(nearest)}`
  return `Near ${near.length > 1 ? "are" : "is"} ${near.join(", ")}${fix}.`
}

const findCached = Effect.fnUntraced(function* (cache: string, repository: Repository) {
  const name = formatRepository(repository)
  const commit = yield* readCache(cache, () => readReference(cache, repository))
  if (commit === undefined) {
    const begun = yield* readCache(cache, () => cachedCommits(cache, repository.id))
    if (begun.length === 0 || repository.revision !== "main" || isCommit(repository.revision)) return undefined
    return yield* new ModelError({
      message: `${name} has been fetched only in part, or in other revisions (${begun.join(", ")}): \`auteur models pull ${name}\` fetches the rest.`,
    })
  }
  const path = snapshotFolder(cache, repository.id, commit)
  // What is wrong with a component alone is seen when it is opened with its base model.
  if (yield* attempt(() => isPartialModel(path))) return path
  const [problem] = yield* checkModel(path)
  if (problem === undefined) return path
  return yield* new ModelError({
    message: `${name} in the model cache cannot be used: ${problem} \`auteur models pull ${name}\` fetches what is missing.`,
  })
})

/** Work on the model cache, whose failure is a sentence about the cache. */
export const readCache = <A>(cache: string, work: () => Promise<A>): Effect.Effect<A, ModelError> =>
  attempt(() =>
    work().catch((cause: unknown) => {
      throw unreadable(cache, cause)
    }),
  )
