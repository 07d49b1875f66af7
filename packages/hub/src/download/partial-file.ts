import { createHash, type Hash, randomUUID } from "node:crypto"
import { open, readdir, rename, rm, stat } from "node:fs/promises"
import { hostname } from "node:os"
import { join } from "node:path"
import { fileSize } from "../cache/hub-cache.ts"
import type { RemoteFile } from "./remote-files.ts"

// `<hash>.<owner>.incomplete`: the owner is the process that writes it, or nobody after an interruption that could be tidied up.
const host = (): string => hostname().replaceAll(/[^\w-]/g, "_") || "host"
const nobody = "auteur"
const ownerName = (): string => `${host()}~${process.pid}~${randomUUID().slice(0, 8)}`

/** A process on another host, or whose number has been given to another one, shows by its silence that it is gone. */
const abandonedAfter = 6 * 60_000

/** The bytes of a file that have come so far, and their hash. */
export interface PartialFile {
  readonly size: number
  /** Before each try: says that this process is still at it, and reads what an earlier one has left. */
  readonly resume: (signal: AbortSignal) => Promise<void>
  readonly append: (bytes: Uint8Array) => Promise<void>
  /** Discards the bytes so far. */
  readonly clear: () => Promise<void>
  /** The hash of the bytes so far, in hexadecimal. */
  readonly digest: () => string
  /** Turns the partial file into the blob. */
  readonly finish: (blob: string) => Promise<void>
  /** Keeps the bytes for the next try of any process, unless finished. */
  readonly release: () => Promise<void>
}

/** The outcome of a claim: the file is ours to continue, or another process is at it and has so many bytes. */
export type Claim = { readonly partial: PartialFile } | { readonly elsewhere: number }

/**
 * Continues with the bytes that an earlier process left, or begins anew; two processes never write to the same file.
 *
 * A claim is an atomic rename, so no lock can outlive a killed process.
 */
export const claimPartialFile = async (blobs: string, file: RemoteFile): Promise<Claim> => {
  const { taken, free } = await findPartialFiles(blobs, file.hash)
  if (taken.length > 0) return { elsewhere: Math.max(...taken.map(({ size }) => size)) }
  const path = join(blobs, `${file.hash}.${ownerName()}.incomplete`)
  const [largest] = free.toSorted((a, b) => b.size - a.size)
  if (largest === undefined) await (await open(path, "wx")).close()
  else if (!(await renameIfThere(largest.path, path))) return { elsewhere: largest.size }
  // Two may have begun at the same moment: both see it here, both give way and both come again later.
  const others = (await findPartialFiles(blobs, file.hash)).taken.filter((other) => other.path !== path)
  if (others.length > 0) {
    await giveBack(blobs, file.hash, path)
    return { elsewhere: Math.max(...others.map(({ size }) => size)) }
  }
  return { partial: await openPartialFile(blobs, path, file) }
}

/** The bytes of a file that wait on disk, which need not be fetched again. */
export const partialSize = async (blobs: string, hash: string): Promise<number> => {
  const { taken, free } = await findPartialFiles(blobs, hash)
  return Math.max(0, ...[...taken, ...free].map(({ size }) => size))
}

interface Found {
  readonly path: string
  readonly size: number
}

const findPartialFiles = async (blobs: string, hash: string) => {
  const taken: Array<Found> = []
  const free: Array<Found> = []
  for (const name of await readdir(blobs)) {
    const owner = /^\.([\w~-]+)\.incomplete$/.exec(name.slice(hash.length))?.[1]
    // The Hugging Face tools name theirs otherwise (`<hash>.incomplete`, `<hash>.<8 hex digits>.incomplete`).
    if (!name.startsWith(hash) || owner === undefined || (owner !== nobody && !owner.includes("~"))) continue
    const path = join(blobs, name)
    const info = await stat(path).catch(() => undefined)
    if (info === undefined) continue
    const isTaken = owner !== nobody && Date.now() - info.mtimeMs < abandonedAfter && mayBeRunning(owner)
    ;(isTaken ? taken : free).push({ path, size: info.size })
  }
  return { taken, free }
}

const mayBeRunning = (owner: string): boolean => {
  const [ownerHost, pid] = owner.split("~")
  if (ownerHost !== host()) return true
  try {
    process.kill(Number(pid), 0)
    return true
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "EPERM"
  }
}

const renameIfThere = async (from: string, to: string): Promise<boolean> => {
  try {
    await rename(from, to)
    return true
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return false
    throw cause
  }
}

const giveBack = async (blobs: string, hash: string, path: string): Promise<void> => {
  const size = await fileSize(path)
  const kept = join(blobs, `${hash}.${nobody}.incomplete`)
  if (size === undefined) return
  if (size > ((await fileSize(kept)) ?? 0)) await renameIfThere(path, kept)
  else await rm(path, { force: true })
}

const openPartialFile = async (blobs: string, path: string, file: RemoteFile): Promise<PartialFile> => {
  const handle = await open(path, "r+")
  let hash = beginHash(file)
  let size = 0
  let isRead = false
  let finished = false
  return {
    get size() {
      return size
    },
    resume: async (signal) => {
      const now = new Date()
      // Some network shares do not let times be set; another process then takes a long silence for an end.
      await handle.utimes(now, now).catch(() => undefined)
      if (isRead) return
      for await (const bytes of handle.createReadStream({
        start: 0,
        autoClose: false,
        highWaterMark: 2 ** 20,
        signal,
      })) {
        hash.update(bytes as Uint8Array)
        size += (bytes as Uint8Array).length
      }
      isRead = true
    },
    append: async (bytes) => {
      for (let done = 0; done < bytes.length;) {
        done += (await handle.write(bytes, done, bytes.length - done, size + done)).bytesWritten
      }
      hash.update(bytes)
      size += bytes.length
    },
    clear: async () => {
      await handle.truncate(0)
      hash = beginHash(file)
      size = 0
    },
    digest: () => hash.copy().digest("hex"),
    finish: async (blob) => {
      await handle.sync().catch(ignoreUnsupported)
      await handle.close()
      await rename(path, blob)
      finished = true
    },
    release: async () => {
      // Waits for a write that was under way when the work was interrupted.
      await handle.close()
      if (!finished) await giveBack(blobs, file.hash, path)
    },
  }
}

/** Not every file system can be told to write to its disk at once. */
const ignoreUnsupported = (cause: NodeJS.ErrnoException): void => {
  if (!["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(cause.code ?? "")) throw cause
}

/** Git hashes a file together with its length; large files go by the SHA-256 of their bytes alone. */
const beginHash = ({ algorithm, size }: RemoteFile): Hash =>
  algorithm === "sha256" ? createHash("sha256") : createHash("sha1").update(`blob ${size}\0`)
