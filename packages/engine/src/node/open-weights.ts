import { type FileHandle, open, realpath, stat } from "node:fs/promises"
import { dirname } from "node:path"
import {
  ModelError,
  readSafetensorsHeader,
  SafetensorsError,
  type SafetensorsHeader,
  safetensorsHeaderLength,
  type StoredTensor,
  type Weights,
} from "@auteur/core"
import * as Effect from "effect/Effect"

/**
 * Finds the tensors of a checkpoint without reading them: of the one `.safetensors` file that it is, or of its shards together.
 *
 * A `ModelError` names the file that is missing or damaged, or the tensor that two files hold.
 */
export const openWeights = (files: string | ReadonlyArray<string>): Effect.Effect<Weights, ModelError> =>
  Effect.tryPromise({
    try: () => openFiles(typeof files === "string" ? [files] : files),
    catch: (error) => (error instanceof ModelError ? error : unreadable(String(files), error)),
  })

const openFiles = async (files: ReadonlyArray<string>): Promise<Weights> => {
  const [first] = files
  if (first === undefined) throw new ModelError({ message: "No weights file is given: name at least one." })
  const found = await Promise.all(files.map(readWeightFile))
  if (files.length === 1) return { source: first, ...found[0]! }
  const tensors = new Map<string, StoredTensor>()
  const holders = new Map<string, string>()
  for (const [index, file] of files.entries()) {
    for (const [name, tensor] of found[index]!.tensors) {
      const other = holders.get(name)
      if (other !== undefined) {
        throw new ModelError({
          message: `The tensor "${name}" is in ${other} and in ${file}, but each may be in one file only: download the model again.`,
        })
      }
      holders.set(name, file)
      tensors.set(name, tensor)
    }
  }
  return { source: dirname(first), tensors }
}

/** The content of a `.safetensors` header. */
type WeightFile = Required<Pick<Weights, "tensors" | "metadata">>

/** The tensors of one `.safetensors` file, of which only the header is read; rejects with a {@link ModelError}. */
const readWeightFile = async (path: string): Promise<WeightFile> => {
  const file = await openRegular(path)
  try {
    const header = await readHeader(file, path)
    const real = await realpath(path)
    const tensors = new Map<string, StoredTensor>()
    for (const [name, { dtype, shape, begin, end }] of header.tensors) {
      tensors.set(name, { dtype, shape, file: real, offset: header.dataStart + begin, byteLength: end - begin })
    }
    return { tensors, metadata: header.metadata }
  } catch (error) {
    if (error instanceof ModelError) throw error
    if (!(error instanceof SafetensorsError)) throw unreadable(path, error)
    const problem = error.message.charAt(0).toLowerCase() + error.message.slice(1, -1)
    throw new ModelError({ message: `The weights in ${path} are unusable: ${problem}; download the file again.` })
  } finally {
    await file.close()
  }
}

/** Opens a file to read it. A FIFO would be waited for without end, so its kind is checked first. */
const openRegular = async (path: string): Promise<FileHandle> => {
  try {
    const info = await stat(path)
    if (info.isFile()) return await open(path)
    const kind = info.isDirectory() ? "a folder" : "not a regular file"
    throw new ModelError({ message: `${path} is ${kind}, but a .safetensors file is expected: check the path.` })
  } catch (error) {
    throw error instanceof ModelError ? error : unreadable(path, error)
  }
}

const readHeader = async (file: FileHandle, path: string): Promise<SafetensorsHeader> => {
  const info = await file.stat()
  if (info.size === 0) {
    throw new ModelError({ message: `The weights file ${path} is empty: download it again.` })
  }
  const start = await readBytes(file, 8)
  if (start.toString("latin1") === "version ") {
    throw new ModelError({
      message: `${path} is a Git LFS pointer, not the weights themselves: fetch them with \`git lfs pull\`, or download the file.`,
    })
  }
  const length = safetensorsHeaderLength(start, info.size)
  return readSafetensorsHeader(await readBytes(file, 8 + length), info.size)
}

const readBytes = async (file: FileHandle, length: number): Promise<Buffer> => {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0)
  return buffer.subarray(0, bytesRead)
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "does not exist: check the path, or download it",
  ENOTDIR: "does not exist: one of the folders in its path is a file",
  EACCES: "may not be read by this user: change its permissions",
  EPERM: "may not be read by this user: change its permissions",
  ELOOP: "is a link that leads back to itself: replace it by the file",
  EMFILE: "cannot be opened, as this process may not open more files: raise the limit (`ulimit -n`)",
  ENFILE: "cannot be opened, as the system may not open more files: close other programs",
}

/** The sentence for a file that cannot be read. */
const unreadable = (path: string, error: unknown): ModelError => {
  const { code, message } = error as NodeJS.ErrnoException
  return new ModelError({ message: `${path} ${reasons[code ?? ""] ?? `cannot be read: ${message}`}.` })
}
