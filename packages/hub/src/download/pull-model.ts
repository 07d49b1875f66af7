import { mkdir, statfs } from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { blobsFolder, fileSize, repositoryFolder, snapshotFolder, writeReference } from "../cache/hub-cache.ts"
import { publishedModels } from "../cache/known-models.ts"
import {
  formatRepository,
  isRevision,
  parseRepository,
  parseRepositoryFile,
  type Repository,
} from "../cache/repository.ts"
import { componentOf, unknownClasses, weightedComponents } from "../folder/components.ts"
import { quantizationOfConfig } from "../folder/quantization.ts"
import { attempt, readJson } from "../folder/read-file.ts"
import { downloadFile } from "./download-file.ts"
import { HubError } from "../hub-error.ts"
import { type Content, contentOf, neededConfigs, neededWeights } from "./needed-files.ts"
import { partialSize } from "./partial-file.ts"
import { type Listing, listRemoteFiles, type RemoteFile, unsafeFile } from "./remote-files.ts"
import { disk, openSource, type Source, type SourceOptions } from "./source.ts"

/** How far a download is. */
export interface PullProgress {
  /** The file that moved on, below the model. */
  readonly path: string
  /** Bytes on disk of all files, and bytes that they will have. */
  readonly received: number
  readonly total: number
}

export interface PullOptions extends SourceOptions {
  /** A branch, a tag or a commit; it may also follow the name after an `@`. */
  readonly revision?: string
  readonly onProgress?: (progress: PullProgress) => void
}

export interface PulledModel {
  /** `org/name`, with a LoRA's file where it was named, and `@revision` where it is not `main`. */
  readonly name: string
  /** A whole model, components of one that are used with a base model, or a LoRA. */
  readonly kind: "model" | "components" | "lora"
  readonly commit: string
  /** The model folder, in the cache. */
  readonly path: string
  readonly bytes: number
}

const atOnce = 4

/**
 * Fetches a model, or a LoRA, from Hugging Face into the cache that its tools share, from where an earlier try stopped.
 *
 * Only the files that are used are fetched, and every file's length and hash are checked.
 * A `HubError` says what stands in the way; what has come by then is kept.
 */
export const pullModel: (name: string, options?: PullOptions) => Effect.Effect<PulledModel, HubError> = (
  name,
  options = {},
) => Effect.scoped(pull(name, options))

const pull = Effect.fnUntraced(function* (name: string, options: PullOptions) {
  const { repository, file } = yield* readName(name, options.revision)
  const source = yield* openSource(repository, options)
  const listing = yield* listRemoteFiles(source)
  const { commit } = listing
  const path = snapshotFolder(source.cache, repository.id, commit)
  const content = contentOf(new Set(listing.files.keys()), file)
  if (typeof content === "string") return yield* unsupported(source, content)

  const files = yield* content.kind === "lora"
    ? pick(source, listing, content.paths)
    : fetchConfigs(source, listing, content)
  yield* checkSpace(source, listing.commit, files)
  yield* downloadAll(source, listing, files, options.onProgress ?? (() => {}))
  // Last, so that the name never stands for a part of a model.
  yield* disk(source, () => writeReference(source.cache, repository, commit))
  if (source.state.isTokenRefused) {
    source.onNotice(`The token in ${source.tokenFrom} is not valid: ${repository.id} was fetched without it.`)
  }
  const pulled: PulledModel = {
    name: formatRepository(repository, file),
    kind: content.kind,
    commit,
    path,
    bytes: totalSize(files),
  }
  return pulled
})

/** Fetches the small files of a model and refuses by them one that cannot be run; gives all files that it needs. */
const fetchConfigs = Effect.fnUntraced(function* (
  source: Source,
  listing: Listing,
  content: Exclude<Content, string | { kind: "lora" }>,
) {
  const { id } = source.repository
  const read = (file: string) => readDownloaded(join(snapshotFolder(source.cache, id, listing.commit), file))
  const fetch = Effect.fnUntraced(function* (paths: ReadonlyArray<string>) {
    const files = yield* pick(source, listing, paths)
    yield* checkSpace(source, listing.commit, files)
    yield* downloadAll(source, listing, files, () => {})
    return files
  })
  const index = content.kind === "model" ? yield* fetch(["model_index.json"]) : []
  if (content.kind === "model") {
    const [problem] = unknownClasses(id, yield* read("model_index.json"))
    if (problem !== undefined) return yield* new HubError({ reason: "unsupported", message: problem })
  }
  const paths = new Set(listing.files.keys())
  const configPaths = yield* accept(source, neededConfigs(paths, content))
  const configs = yield* fetch(configPaths)
  for (const folder of content.folders) {
    const name = folder === "" ? "config.json" : `${folder}/config.json`
    const config = yield* read(name)
    const quantization = quantizationOfConfig(config)
    if (quantization !== undefined) {
      return yield* unsupported(source, `is quantized (${quantization} in ${name}), which cannot be run`)
    }
    if (folder === "" && componentOf(config) === undefined) {
      return yield* unsupported(
        source,
        `is neither a model in the layout of diffusers nor a ${weightedComponents.join(", ")} of one`,
      )
    }
  }
  const indexes = new Map<string, Record<string, unknown>>()
  for (const file of configPaths) if (/\.index\.[^/]*json$/.test(file)) indexes.set(file, yield* read(file))
  const weights = yield* pick(source, listing, yield* accept(source, neededWeights(paths, content.folders, indexes)))
  return [...index, ...configs, ...weights]
})

const readName = (
  name: string,
  revision: string | undefined,
): Effect.Effect<{ readonly repository: Repository; readonly file: string | undefined }, HubError> => {
  const named = parseRepositoryFile(name)
  const repository = named?.repository ?? parseRepository(name)
  if (repository === undefined) {
    const message = `${JSON.stringify(name)} is not a name on Hugging Face: give it as org/name or org/name@revision, such as ${publishedModels[0]}, or a LoRA's file as org/name/FILE.safetensors.`
    return Effect.fail(new HubError({ reason: "name", message }))
  }
  if (revision === undefined) return Effect.succeed({ repository, file: named?.file })
  if (isRevision(revision)) return Effect.succeed({ repository: { ...repository, revision }, file: named?.file })
  const message = `${JSON.stringify(revision)} is not the name of a revision: give a branch, a tag or a commit of ${repository.id}.`
  return Effect.fail(new HubError({ reason: "name", message }))
}

const unsupported = ({ endpoint, repository: { id } }: Source, problem: string): HubError =>
  new HubError({
    reason: "unsupported",
    message: `${id} ${problem}: see ${endpoint}/${id}, or try ${publishedModels[0]}.`,
  })

const accept = <A>(source: Source, needed: A | string): Effect.Effect<A, HubError> =>
  typeof needed === "string" ? Effect.fail(unsupported(source, needed)) : Effect.succeed(needed)

const pick = (
  source: Source,
  { files, unsafe }: Listing,
  paths: ReadonlyArray<string>,
): Effect.Effect<ReadonlyArray<RemoteFile>, HubError> => {
  const refused = paths.find((path) => unsafe.has(path))
  if (refused !== undefined) return Effect.fail(unsafeFile(source, refused))
  const missing = paths.find((path) => !files.has(path))
  return accept(source, missing === undefined ? paths.map((path) => files.get(path)!) : `has no ${missing}`)
}

const readDownloaded = (path: string) =>
  Effect.mapError(
    attempt(() => readJson(path)),
    ({ message }) => new HubError({ reason: "unsupported", message }),
  )

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
const checkSpace = Effect.fnUntraced(function* (source: Source, commit: string, files: ReadonlyArray<RemoteFile>) {
  const { cache, repository } = source
  const blobs = blobsFolder(cache, repository.id)
  const { missing, free } = yield* disk(source, async () => {
    await mkdir(blobs, { recursive: true })
    let missing = 0
    for (const file of files) {
      const places = [join(blobs, file.hash), join(snapshotFolder(cache, repository.id, commit), file.path)]
      if ((await Promise.all(places.map(fileSize))).includes(file.size)) continue
      missing += Math.max(0, file.size - (await partialSize(blobs, file.hash)))
    }
    return { missing, free: await freeSpace(repositoryFolder(cache, repository.id)) }
  })
  if (missing <= free) return
  return yield* new HubError({
    reason: "disk",
    message: `${formatRepository(repository)} needs ${gigabytes(missing)} more on the disk of ${cache}, which has ${gigabytes(free)} free: free some space or set HF_HUB_CACHE to a folder on another disk.`,
  })
})

/** Bytes that are free on the disk of a folder; no limit where the file system does not tell: some say that they have 0 of 0 blocks. */
const freeSpace = async (folder: string): Promise<number> => {
  const space = await statfs(folder).catch(() => undefined)
  return space === undefined || space.blocks <= 0 ? Infinity : space.bavail * space.bsize
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 1e9 ? 3 : 1)} GB`
