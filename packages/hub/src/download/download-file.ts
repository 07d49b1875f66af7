import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { blobsFolder, fileSize, linkBlob, snapshotFolder } from "../cache/hub-cache.ts"
import { HubError, toDiskError, TransferFault } from "../hub-error.ts"
import { claimPartialFile, type PartialFile } from "./partial-file.ts"
import type { RemoteFile } from "./remote-files.ts"
import { request } from "./request.ts"
import { retrying, type Source } from "./source.ts"

/**
 * Fetches one file of a commit into the cache, from where an earlier try stopped; its length and hash are checked.
 *
 * `onSize` is told how many bytes of it are on disk. Interrupting stops at once and keeps what has come.
 */
export const downloadFile: (
  source: Source,
  commit: string,
  file: RemoteFile,
  onSize: (size: number) => void,
) => Effect.Effect<void, HubError> = Effect.fnUntraced(function* (source, commit, file, onSize) {
  const blobs = blobsFolder(source.cache, source.repository.id)
  const blob = join(blobs, file.hash)
  const snapshot = snapshotFolder(source.cache, source.repository.id, commit)
  const disk = <A>(work: () => Promise<A>) =>
    Effect.tryPromise({ try: work, catch: (cause) => toDiskError(source.cache, cause) })

  if ((yield* disk(() => fileSize(join(snapshot, file.path)))) === file.size) return onSize(file.size)
  yield* disk(() => mkdir(blobs, { recursive: true }))
  const isNew = (yield* disk(() => fileSize(blob))) !== file.size
  while ((yield* disk(() => fileSize(blob))) !== file.size) {
    const elsewhere = yield* Effect.acquireUseRelease(
      disk(() => claimPartialFile(blobs, file)),
      (claim) =>
        "elsewhere" in claim
          ? Effect.succeed(claim.elsewhere)
          : // Another process may have finished between the look and the claim.
            Effect.flatMap(
              disk(() => fileSize(blob)),
              (size) =>
                size === file.size
                  ? Effect.succeed(undefined)
                  : Effect.as(fill(source, commit, file, claim.partial, blob, onSize), undefined),
            ),
      (claim) => ("partial" in claim ? disk(() => claim.partial.release()) : Effect.void),
    )
    if (elsewhere !== undefined) {
      onSize(Math.min(elsewhere, file.size))
      yield* Effect.sleep(200 + Math.random() * 200)
    }
  }
  yield* disk(() => linkBlob(snapshot, file.path, blob, isNew))
  onSize(file.size)
})

const fill = (
  source: Source,
  commit: string,
  file: RemoteFile,
  partial: PartialFile,
  blob: string,
  onSize: (size: number) => void,
): Effect.Effect<void, HubError> => {
  let furthest = 0
  const attempt = Effect.tryPromise({
    try: async (signal) => {
      await partial.resume(signal)
      furthest = Math.max(furthest, partial.size)
      try {
        await transfer(source, commit, file, partial, signal, onSize)
      } catch (cause) {
        // A break after new bytes does not count as a failed try: a large file may come in many parts.
        if (cause instanceof TransferFault && partial.size > furthest) return false
        throw cause
      }
      await checkContent(source, file, partial)
      await partial.finish(blob)
      return true
    },
    catch: (cause) =>
      cause instanceof HubError || cause instanceof TransferFault ? cause : toDiskError(source.cache, cause),
  })
  return attempt.pipe(
    retrying(source),
    Effect.repeat({ until: (isDone) => isDone, schedule: Schedule.spaced(source.firstDelay) }),
    Effect.asVoid,
  )
}

const transfer = async (
  source: Source,
  commit: string,
  file: RemoteFile,
  partial: PartialFile,
  signal: AbortSignal,
  onSize: (size: number) => void,
): Promise<void> => {
  if (partial.size > file.size) await partial.clear()
  onSize(partial.size)
  if (partial.size === file.size && file.size > 0) return
  const what = `${file.path} of ${source.repository.id}`
  const path = file.path.split("/").map(encodeURIComponent).join("/")
  const address = `${source.endpoint}/${source.repository.id}/resolve/${commit}/${path}`
  const headers = partial.size > 0 ? { range: `bytes=${partial.size}-` } : {}
  await request(source, address, { what, headers, signal, accept: [416] }, async ({ response, read }) => {
    const damaged = async (problem: string): Promise<TransferFault> => {
      await partial.clear()
      return new TransferFault({
        reason: "damaged",
        message: `${source.endpoint} ${problem} (${what}): try again later, or tell the owner of the model.`,
      })
    }
    if (response.status === 416) throw await damaged(`has no bytes beyond ${partial.size} of a file of ${file.size}`)
    if (response.status === 206) {
      const [, begin, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "") ?? []
      if (begin !== String(partial.size) || (total !== String(file.size) && total !== "*")) {
        throw await damaged(`sent another part of a file than the one requested`)
      }
    } else {
      if (partial.size > 0) await partial.clear()
      const length = response.headers.get("content-length")
      if (length !== null && length !== String(file.size) && !response.headers.has("content-encoding")) {
        throw await damaged(`sends ${length} bytes of a file that it lists with ${file.size}`)
      }
    }
    await read(async (bytes) => {
      if (signal.aborted) throw signal.reason
      if (partial.size + bytes.length > file.size)
        throw await damaged(`sends more than the ${file.size} bytes it lists`)
      await partial.append(bytes)
      onSize(partial.size)
    })
  })
  if (partial.size < file.size) {
    throw new TransferFault({
      reason: "unreachable",
      message: `${source.endpoint} broke off after ${partial.size} of ${file.size} bytes of ${what}: check the network, then try again; it continues from there.`,
    })
  }
}

const checkContent = async (source: Source, file: RemoteFile, partial: PartialFile): Promise<void> => {
  const found = partial.digest()
  if (found === file.hash) return
  await partial.clear()
  throw new TransferFault({
    reason: "damaged",
    message: `${file.path} of ${source.repository.id} came damaged from ${source.endpoint} (its ${file.algorithm} is ${found}, not ${file.hash}): try again later, or tell the owner of the model.`,
  })
}
