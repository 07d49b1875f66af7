import { mkdir, statfs } from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { blobsFolder, cachedRepositories, fileSize, repositoryFolder, snapshotFolder, writeReference } from "./cache.ts"
import { toHubError } from "./disk-error.ts"
import { downloadFile } from "./download-file.ts"
import { HubError } from "./hub-error.ts"
import { unknownClasses } from "./known-classes.ts"
import { type Needed, neededConfigs, neededWeights } from "./model-files.ts"
import { publishedModels } from "./near-names.ts"
import { partialSize } from "./partial-file.ts"
import { readJson } from "./read-json.ts"
import { explainRefusal } from "./refusal.ts"
import { type Listing, listRemoteFiles, type RemoteFile } from "./remote-files.ts"
import { formatRepository, isRevision, parseRepository, type Repository } from "./repository.ts"
import { type Environment, readSettings } from "./settings.ts"
import type { Source } from "./source.ts"

/** How far a download is. */
export interface PullProgress {
  /** The file that moved on, below the model. */
  readonly path: string
  /** Bytes on disk of all files, and bytes that they will have. */
  readonly received: number
  readonly total: number
}

export interface PullOptions {
  /** A branch, a tag or a commit; it may also follow the name after an `@`. */
  readonly revision?: string
  readonly onProgress?: (progress: PullProgress) => void
  /** In the place of `process.env`: `HF_HOME`, `HF_HUB_CACHE`, `HF_TOKEN`, `HF_ENDPOINT`, `HF_HUB_OFFLINE`. */
  readonly env?: Environment
  /** Tries after the first that brings nothing new (5), and milliseconds before the second (500, doubled each time). */
  readonly retries?: number
  readonly firstDelay?: number
  /** Milliseconds without a byte after which the server counts as gone (30 000). */
  readonly stall?: number
}

export interface PulledModel {
  /** `org/name`, with `@revision` where it is not `main`. */
  readonly name: string
  readonly commit: string
  /** The model folder, in the cache. */
  readonly path: string
  readonly bytes: number
}

const atOnce = 4

/**
 * Fetches a model from Hugging Face into the cache that its tools share, going on where an earlier try stopped.
 *
 * Only what a CogVideoX folder needs is fetched, and every file's length and hash are checked.
 * A `HubError` says what stands in the way; what has come by then is kept.
 */
export const pullModel: (name: string, options?: PullOptions) => Effect.Effect<PulledModel, HubError> =
  Effect.fnUntraced(function* (name, options = {}) {
    const repository = yield* readName(name, options.revision)
    const source = yield* openSource(repository, options)
    const listing = yield* listRemoteFiles(source)
    const { commit } = listing
    const path = snapshotFolder(source.cache, repository.id, commit)

    const index = listing.files.get("model_index.json")
    if (index === undefined) return yield* unsupported(source, "has no model_index.json")
    yield* checkSpace(source, [index])
    yield* downloadFile(source, commit, index, () => {})
    const [problem] = unknownClasses(repository.id, yield* readDownloaded(join(path, index.path)))
    if (problem !== undefined) return yield* new HubError({ reason: "unsupported", message: problem })

    const configs = yield* accept(source, neededConfigs(listing))
    yield* checkSpace(source, configs)
    yield* downloadAll(source, listing, configs, () => {})
    const indexes = new Map<string, Record<string, unknown>>()
    for (const { path: file } of configs) {
      if (/\.index(\.fp16)?\.json$/.test(file)) indexes.set(file, yield* readDownloaded(join(path, file)))
    }
    const files = [index, ...configs, ...(yield* accept(source, neededWeights(listing, indexes)))]
    yield* checkSpace(source, files)
    yield* downloadAll(source, listing, files, options.onProgress ?? (() => {}))
    // Last, so that the name never stands for a part of a model.
    yield* disk(source, () => writeReference(source.cache, repository, commit))
    return { name: formatRepository(repository), commit, path, bytes: totalSize(files) }
  })

const readName = (name: string, revision: string | undefined): Effect.Effect<Repository, HubError> => {
  const parsed = parseRepository(name)
  if (parsed === undefined) {
    const message = `${JSON.stringify(name)} is no name of a model on Hugging Face: give it as org/name or org/name@revision, such as ${publishedModels[0]}.`
    return Effect.fail(new HubError({ reason: "name", message }))
  }
  if (revision === undefined) return Effect.succeed(parsed)
  if (isRevision(revision)) return Effect.succeed({ ...parsed, revision })
  const message = `${JSON.stringify(revision)} is no name of a revision: give a branch, a tag or a commit of ${parsed.id}.`
  return Effect.fail(new HubError({ reason: "name", message }))
}

const openSource = Effect.fnUntraced(function* (repository: Repository, options: PullOptions) {
  const settings = yield* readSettings(options.env ?? process.env)
  if (settings.offline) {
    return yield* new HubError({
      reason: "offline",
      message: `HF_HUB_OFFLINE is set, so ${formatRepository(repository)} is not fetched: unset it, or use a model that is on disk.`,
    })
  }
  const cached = yield* disk(settings, () => cachedRepositories(settings.cache))
  const { endpoint, token } = settings
  const source: Source = {
    ...settings,
    repository,
    retries: options.retries ?? 5,
    firstDelay: options.firstDelay ?? 500,
    stall: options.stall ?? 30_000,
    refusal: explainRefusal(endpoint, repository, token !== undefined, [...publishedModels, ...cached]),
  }
  return source
})

const disk = <A>({ cache }: { readonly cache: string }, work: () => Promise<A>): Effect.Effect<A, HubError> =>
  Effect.tryPromise({ try: work, catch: (cause) => toHubError(cache, cause) })

const unsupported = ({ endpoint, repository: { id } }: Source, problem: string): HubError =>
  new HubError({
    reason: "unsupported",
    message: `${id} ${problem}, so it is no model in the layout of diffusers: see ${endpoint}/${id}, or try ${publishedModels[0]}.`,
  })

const accept = (source: Source, needed: Needed): Effect.Effect<ReadonlyArray<RemoteFile>, HubError> =>
  typeof needed === "string" ? Effect.fail(unsupported(source, needed)) : Effect.succeed(needed)

const readDownloaded = (path: string) =>
  Effect.mapError(readJson(path), ({ message }) => new HubError({ reason: "unsupported", message }))

const totalSize = (files: ReadonlyArray<RemoteFile>): number => files.reduce((sum, { size }) => sum + size, 0)

const downloadAll = (
  source: Source,
  { commit }: Listing,
  files: ReadonlyArray<RemoteFile>,
  onProgress: (progress: PullProgress) => void,
): Effect.Effect<void, HubError> => {
  const total = totalSize(files)
  const sizes = new Map<string, number>()
  let received = 0
  return Effect.forEach(
    files,
    (file) =>
      downloadFile(source, commit, file, (size) => {
        const before = sizes.get(file.path)
        if (size === before) return
        received += size - (before ?? 0)
        sizes.set(file.path, size)
        onProgress({ path: file.path, received, total })
      }),
    { concurrency: atOnce, discard: true },
  )
}

/** Refuses before the work what the disk cannot hold. */
const checkSpace = Effect.fnUntraced(function* (source: Source, files: ReadonlyArray<RemoteFile>) {
  const { cache, repository } = source
  const blobs = blobsFolder(cache, repository.id)
  const { missing, free } = yield* disk(source, async () => {
    await mkdir(blobs, { recursive: true })
    let missing = 0
    for (const file of files) {
      if ((await fileSize(join(blobs, file.hash))) === file.size) continue
      missing += Math.max(0, file.size - (await partialSize(blobs, file.hash)))
    }
    const { bavail, bsize } = await statfs(repositoryFolder(cache, repository.id))
    return { missing, free: bavail * bsize }
  })
  if (missing <= free) return
  return yield* new HubError({
    reason: "disk",
    message: `${formatRepository(repository)} needs ${gigabytes(missing)} more on the disk of ${cache}, which has ${gigabytes(free)} free: free some space or set HF_HUB_CACHE to a folder on another disk.`,
  })
})

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 1e9 ? 3 : 1)} GB`
