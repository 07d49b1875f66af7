import { readdir, stat } from "node:fs/promises"
import { dirname, join } from "node:path"
import { ModelError, type StoredTensor, type Weights } from "@auteur/core"
import * as Effect from "effect/Effect"
import { readWeightFile, unreadable } from "./read-weight-file.ts"
import { readWeightIndex } from "./read-weight-index.ts"

/**
 * Finds the tensors of a checkpoint without reading them: of the one `.safetensors` file that it is, or of its shards together.
 *
 * A `ModelError` names the file that is missing or damaged, or the tensor that two files hold. A string may also name a folder or an
 * index.
 */
export const openWeights = (files: string | ReadonlyArray<string>): Effect.Effect<Weights, ModelError> =>
  Effect.tryPromise({
    try: () => (typeof files === "string" ? openPath(files) : openFiles(files)),
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

const openPath = async (path: string): Promise<Weights> => {
  const source = await findSource(path)
  return source.endsWith(".json") ? { source, tensors: await readWeightIndex(source) } : openFiles([source])
}

/** In the order of preference; a half-precision variant only where there is nothing else. */
const names = [
  /^(diffusion_pytorch_model|model)\.safetensors$/,
  /^(diffusion_pytorch_model|model)\.safetensors\.index\.json$/,
  /^(diffusion_pytorch_model|model)\.fp16\.safetensors$/,
  /^(diffusion_pytorch_model|model)(\.fp16)?\.safetensors\.index(\.fp16)?\.json$/,
]

const findSource = async (path: string): Promise<string> => {
  const info = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error)
  })
  if (!info.isDirectory()) return path
  const files = (await readdir(path)).toSorted()
  for (const name of names) {
    const found = files.filter((file) => name.test(file))
    if (found.length > 1) throw ambiguous(path, found)
    if (found[0] !== undefined) return join(path, found[0])
  }
  const others = files.filter((file) => file.endsWith(".safetensors"))
  if (others.length > 1) throw ambiguous(path, others)
  if (others[0] !== undefined) return join(path, others[0])
  const pickle = files.find((file) => /\.(bin|pt|pth|ckpt)$/.test(file))
  const mend =
    pickle === undefined
      ? "download the model again"
      : `${pickle} is in a format that can run code when it is read; save the model as safetensors`
  throw new ModelError({
    message: `The folder ${path} holds no diffusion_pytorch_model.safetensors, model.safetensors or index of shards: ${mend}.`,
  })
}

const ambiguous = (path: string, files: ReadonlyArray<string>): ModelError =>
  new ModelError({
    message: `The folder ${path} holds several checkpoints (${files.join(", ")}): name one of the files.`,
  })
