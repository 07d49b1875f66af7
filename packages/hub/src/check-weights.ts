import { type FileHandle, open, readdir } from "node:fs/promises"
import { join } from "node:path"
import { readSafetensorsHeader, SafetensorsError, safetensorsHeaderLength } from "@auteur/core"
import * as Effect from "effect/Effect"
import { readJson, unreadable } from "./read-json.ts"
import { findWeightFiles, readWeightMap } from "./weight-files.ts"

/** Says what is wrong with the weights in a component's folder, from the headers of its files. */
export const checkWeights: (folder: string) => Effect.Effect<ReadonlyArray<string>> = Effect.fnUntraced(
  function* (folder) {
    const files = yield* Effect.promise(() => readdir(folder).catch((): Array<string> => []))
    const weights = findWeightFiles(files)
    if (weights === undefined) {
      return [
        `${folder} holds no diffusion_pytorch_model.safetensors, model.safetensors or index of shards: download the model again.`,
      ]
    }
    if (weights.names.length > 1) {
      return [`${folder} holds several sets of weights (${weights.names.join(", ")}): remove all but one.`]
    }
    const path = join(folder, weights.names[0]!)
    if (weights.kind === "index") return yield* checkIndex(folder, path)
    const tensors = yield* Effect.promise(() => readTensorNames(path))
    return typeof tensors === "string" ? [tensors] : []
  },
)

const checkIndex = Effect.fnUntraced(
  function* (folder: string, path: string) {
    const map = readWeightMap(yield* readJson(path))
    if (typeof map === "string") return [`The index ${path} ${map}: download it again.`]
    const problems: Array<string> = []
    for (const shard of new Set(map.values())) {
      const found = yield* Effect.promise(() => readTensorNames(join(folder, shard)))
      if (typeof found === "string") {
        problems.push(found)
        continue
      }
      const listed = new Set([...map].filter(([, file]) => file === shard).map(([tensor]) => tensor))
      const lost = without(listed, found)
      if (lost.length > 0) {
        problems.push(`${join(folder, shard)} lacks ${some(lost)}, which the index says it holds: download it again.`)
      }
      const extra = without(found, listed)
      if (extra.length > 0) {
        problems.push(`${path} does not list ${some(extra)}, which ${shard} holds: download the index again.`)
      }
    }
    return problems
  },
  Effect.catch((error) => Effect.succeed([error.message])),
)

const without = (names: ReadonlySet<string>, others: ReadonlySet<string>): ReadonlyArray<string> =>
  [...names].filter((name) => !others.has(name))

const some = (tensors: ReadonlyArray<string>): string =>
  tensors.length === 1 ? `the tensor "${tensors[0]}"` : `${tensors.length} tensors ("${tensors[0]}" and others)`

/** The tensors of a file that is whole; a string says what is wrong with it. */
const readTensorNames = async (path: string): Promise<ReadonlySet<string> | string> => {
  let file: FileHandle | undefined
  try {
    file = await open(path)
    const { size } = await file.stat()
    const start = await readBytes(file, 8)
    if (start.toString("latin1") === "version ") {
      return `${path} is a Git LFS pointer, not the weights themselves: fetch them with \`git lfs pull\` or \`auteur models pull\`.`
    }
    const header = await readBytes(file, 8 + safetensorsHeaderLength(start, size))
    return new Set(readSafetensorsHeader(header, size).tensors.keys())
  } catch (cause) {
    if (!(cause instanceof SafetensorsError)) return unreadable(path, cause as NodeJS.ErrnoException)
    const problem = cause.message.charAt(0).toLowerCase() + cause.message.slice(1, -1)
    return `${path} is unusable: ${problem}; download it again.`
  } finally {
    await file?.close()
  }
}

const readBytes = async (file: FileHandle, length: number): Promise<Buffer> => {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0)
  return buffer.subarray(0, bytesRead)
}
