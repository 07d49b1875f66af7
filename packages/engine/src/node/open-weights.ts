import { readdir, stat } from "node:fs/promises"
import { join } from "node:path"
import { ModelError, type Weights } from "@auteur/core"
import * as Effect from "effect/Effect"
import { readWeightFile, unreadable } from "./read-weight-file.ts"
import { readWeightIndex } from "./read-weight-index.ts"

/**
 * Finds the tensors of a checkpoint without reading them: a `.safetensors` file, a `.safetensors.index.json` with its shards,
 * or a folder that holds one of the two, as diffusers and transformers save them.
 *
 * A `ModelError` names the file or tensor that is missing or damaged.
 */
export const openWeights = (path: string): Effect.Effect<Weights, ModelError> =>
  Effect.tryPromise({
    try: async () => {
      const source = await findSource(path)
      if (source.endsWith(".json")) return { source, tensors: await readWeightIndex(source) }
      return { source, tensors: (await readWeightFile(source)).tensors }
    },
    catch: (error) => (error instanceof ModelError ? error : unreadable(path, error)),
  })

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
