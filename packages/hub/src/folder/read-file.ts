import { type FileHandle, open, stat } from "node:fs/promises"
import { ModelError } from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"

/** Far above every config, index and tokenizer that models have. */
const mostBytes = 64 * 2 ** 20

type JsonObject = Record<string, unknown>

/** Opens a regular file to read it: a named pipe or a device would block. Rejects with a {@link ModelError}. */
export const openRegular = async (path: string): Promise<FileHandle> => {
  try {
    const info = await stat(path)
    if (info.isDirectory()) throw Object.assign(new Error(path), { code: "EISDIR" })
    if (!info.isFile()) throw new ModelError({ message: `${path} is not a regular file: put the file itself there.` })
    return await open(path)
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

/** The bytes of a small file of a model; rejects with a {@link ModelError}. */
export const readBytes = async (path: string): Promise<Uint8Array> => {
  const file = await openRegular(path)
  try {
    const { size } = await file.stat()
    if (size > mostBytes) {
      throw new ModelError({
        message: `${path} has ${Math.round(size / 1e6)} MB, more than any file of its kind (${Math.round(mostBytes / 1e6)} MB): download it again.`,
      })
    }
    return new Uint8Array(await file.readFile())
  } catch (cause) {
    throw unreadable(path, cause)
  } finally {
    await file.close()
  }
}

/** {@link readBytes} of a JSON object; rejects with a {@link ModelError} that says what else the file holds. */
export const readJson = async (path: string): Promise<JsonObject> => parseJson(path, await readBytes(path))

/** A JSON object, with a byte order mark or without. */
export const parseJson = (path: string, bytes: Uint8Array): JsonObject => {
  let value: unknown
  try {
    value = JSON.parse(decodeText(bytes))
  } catch {
    throw new ModelError({ message: `${path} is not valid JSON: download it again.` })
  }
  if (!Predicate.isReadonlyObject(value)) {
    throw new ModelError({ message: `${path} does not hold a JSON object: download it again.` })
  }
  return value
}

/** Windows' own programs write marks, and PowerShell 5 UTF-16; the decoder drops the mark. */
export const decodeText = (bytes: Uint8Array): string => {
  const mark = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0)
  const encoding = mark === 0xfffe ? "utf-16le" : mark === 0xfeff ? "utf-16be" : "utf-8"
  return new TextDecoder(encoding).decode(bytes)
}

/** Work on the files of a model as an effect: a {@link ModelError} is its failure, all else a defect. */
export const attempt = <A>(work: () => Promise<A>): Effect.Effect<A, ModelError> =>
  Effect.tryPromise({ try: work, catch: (cause) => cause }).pipe(
    Effect.catch((cause) => (cause instanceof ModelError ? Effect.fail(cause) : Effect.die(cause))),
  )

/** Says why a file or folder cannot be read; a {@link ModelError} says so already. */
export const unreadable = (path: string, cause: unknown): ModelError => {
  if (cause instanceof ModelError) return cause
  const { code } = cause as NodeJS.ErrnoException
  // A fault of this program is not one of the disk.
  if (code === undefined) throw cause
  return new ModelError({
    message: `${path} ${reasons[code] ?? `cannot be read (${code}): check the disk, or download it again`}.`,
  })
}

const missing = "is missing: the model folder is incomplete, download it again"
const forbidden = "may not be read by this user: give it read permission"
const reasons: Readonly<Record<string, string>> = {
  ENOENT: missing,
  ENOTDIR: missing,
  EACCES: forbidden,
  EPERM: forbidden,
  EISDIR: "is a folder where a file is expected: the model folder is damaged, download it again",
  EMFILE: "cannot be opened, as this process may not open more files: raise the limit (`ulimit -n`)",
  ENFILE: "cannot be opened, as the system may not open more files: close other programs",
  ELOOP: "is a link that leads back to itself: replace it by the file",
}
