import { dirname } from "node:path"
import { ModelError, type StoredTensor, type Weights } from "@auteur/core"
import * as Effect from "effect/Effect"
import { readWeightFile, unreadable } from "./read-weight-file.ts"

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
