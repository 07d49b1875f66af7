import { open, stat } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { MediaError, type MediaSource } from "@auteur/core"
import { requireMemory } from "./require-memory.ts"

/** The bytes of a file, wherever they are, read in parts. */
export interface OpenedSource {
  /** How messages call it: its path or address, or "The video". */
  readonly name: string
  /** Where it can be read from without being in memory. */
  readonly origin: string | Blob | Uint8Array
  readonly size: number
  /** Bytes from a position on; fewer at the end. */
  readonly readAt: (position: number, length: number) => Promise<Uint8Array>
  /** All bytes; refused when they would fill the memory. */
  readonly readAll: () => Promise<Uint8Array>
  readonly close: () => Promise<void>
}

const TOO_LARGE = "This file"

const fromBytes = (bytes: Uint8Array, name: string): OpenedSource => ({
  name,
  origin: bytes,
  size: bytes.length,
  readAt: async (position, length) => bytes.subarray(position, position + length),
  readAll: async () => bytes,
  close: async () => undefined,
})

const fromBlob = (blob: Blob, name: string): OpenedSource => {
  const read = async (part: Blob): Promise<Uint8Array> => new Uint8Array(await part.arrayBuffer())
  return {
    name,
    origin: blob,
    size: blob.size,
    readAt: (position, length) => read(blob.slice(position, position + length)),
    readAll: async () => {
      requireMemory(blob.size, TOO_LARGE, "make it smaller first")
      return read(blob)
    },
    close: async () => undefined,
  }
}

const fromPath = async (path: string): Promise<OpenedSource> => {
  // A device or a pipe may never end, and is read in one direction only.
  if (!(await stat(path)).isFile()) throw new MediaError({ message: "It is not a regular file: save it to one first." })
  const file = await open(path)
  const { size } = await file.stat()
  const readAt = async (position: number, length: number): Promise<Uint8Array> => {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, size - position)))
    for (let at = 0; at < bytes.length;) {
      const { bytesRead } = await file.read(bytes, at, Math.min(bytes.length - at, 2 ** 30), position + at)
      if (bytesRead === 0) return bytes.subarray(0, at)
      at += bytesRead
    }
    return bytes
  }
  return {
    name: path,
    origin: path,
    size,
    readAt,
    readAll: async () => {
      requireMemory(size, TOO_LARGE, "make it smaller first")
      return readAt(0, size)
    },
    close: () => file.close(),
  }
}

/** A stream goes in one direction only, so its bytes are kept. */
const collect = async (stream: ReadableStream<Uint8Array>): Promise<Blob> => {
  const parts: Array<Uint8Array<ArrayBuffer>> = []
  let size = 0
  for await (const part of stream) {
    if (!(part instanceof Uint8Array)) throw new MediaError({ message: "The stream must give bytes, as Uint8Array." })
    size += part.length
    requireMemory(size, TOO_LARGE, "make it smaller first")
    parts.push(part.slice())
  }
  return new Blob(parts)
}

const fetched = async (url: URL): Promise<Blob> => {
  const response = await fetch(url).catch((cause: Error) => {
    const reason = cause.cause instanceof Error ? cause.cause.message : cause.message
    throw new MediaError({ message: `It cannot be fetched (${reason}): check the address.`, cause })
  })
  if (!response.ok) throw new MediaError({ message: `The answer is ${response.status}: check the address.` })
  return response.body === null ? new Blob() : collect(response.body)
}

/** The path of a source that is one. */
export const pathOf = (source: MediaSource): string | undefined => {
  if (source instanceof URL) return source.protocol === "file:" ? fileURLToPath(source) : undefined
  return typeof source === "string" ? source : undefined
}

/** How messages call a source. */
export const nameOf = (source: MediaSource, what: string): string =>
  pathOf(source) ?? (source instanceof URL ? source.href : what)

/**
 * Opens a source whose bytes can be read.
 *
 * @param what how messages call it when it has no name, such as "The video"
 * @throws MediaError for what is not a source; errors of the file system and of the network
 */
export const openSource = async (source: MediaSource, what: string): Promise<OpenedSource> => {
  const path = pathOf(source)
  if (path !== undefined) return fromPath(path)
  const name = nameOf(source, what)
  if (source instanceof Uint8Array) return fromBytes(source, name)
  if (source instanceof ArrayBuffer) return fromBytes(new Uint8Array(source), name)
  if (source instanceof Blob) return fromBlob(source, name)
  if (source instanceof ReadableStream) return fromBlob(await collect(source), name)
  if (source instanceof URL) return fromBlob(await fetched(source), name)
  throw new MediaError({
    message: "Give a path, a URL, a Uint8Array, an ArrayBuffer, a Blob or a ReadableStream of bytes.",
  })
}

/** One sentence on why a source cannot be read, with the fix. */
export const explainReadFailure = (cause: unknown): string => {
  if (cause instanceof MediaError) return cause.message
  switch (cause instanceof Error && "code" in cause ? cause.code : undefined) {
    case "ENOENT":
    case "ENOTDIR":
      return "There is no such file: check the path."
    case "EACCES":
    case "EPERM":
      return "Reading is not permitted: change its permissions."
    case "ELOOP":
      return "It is a link in a loop of links: name the file itself."
    case "EMFILE":
    case "ENFILE":
      return `Too many files are open: raise the limit ("ulimit -n") or close other programs.`
    case "ENAMETOOLONG":
      return "The path is too long: name a shorter one."
    case "EIO":
      return "The disk failed to read it: copy it from another place."
    default:
      return `It is damaged or cut off (${cause instanceof Error ? cause.message : String(cause)}): save or download it again.`
  }
}
