import { readdir, stat } from "node:fs/promises"
import { join } from "node:path"
import { ModelError, type Weights } from "@auteur/core"
import * as Effect from "effect/Effect"
import { readWeightFile, unreadable } from "./read-weight-file.ts"

/** The name that diffusers gives a LoRA in a folder. */
const usual = "pytorch_lora_weights.safetensors"

/**
 * Finds the tensors of a LoRA without reading them: a `.safetensors` file, or a folder with `pytorch_lora_weights.safetensors` or
 * else with one such file.
 *
 * A `ModelError` says what is wrong with it; a pickled `.bin` is refused, as reading one can run code.
 */
export const openLora = (path: string): Effect.Effect<Weights, ModelError> =>
  Effect.tryPromise({
    try: async () => {
      const source = await findFile(path)
      return { source, ...(await readWeightFile(source)) }
    },
    catch: (error) => (error instanceof ModelError ? error : unreadable(path, error)),
  })

const findFile = async (path: string): Promise<string> => {
  const info = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error)
  })
  if (!info.isDirectory()) {
    if (!info.isFile()) throw new ModelError({ message: `The LoRA ${path} is no file: check the path.` })
    if (isPickle(path)) throw pickled(path)
    return path
  }
  const names = (await readdir(path)).toSorted()
  if (names.includes(usual)) return join(path, usual)
  const files = names.filter((name) => name.endsWith(".safetensors"))
  if (files.length === 1) return join(path, files[0]!)
  if (files.length > 1) {
    throw new ModelError({
      message: `The folder ${path} holds several LoRA files (${files.join(", ")}): name one of them.`,
    })
  }
  const pickle = names.find(isPickle)
  if (pickle !== undefined) throw pickled(join(path, pickle))
  throw new ModelError({ message: `The folder ${path} holds no LoRA: a file ${usual} is expected in it.` })
}

const isPickle = (name: string): boolean => /\.(bin|pt|pth|ckpt)$/.test(name)

const pickled = (path: string): ModelError =>
  new ModelError({
    message: `The LoRA ${path} is in a format that can run code when it is read: save it as safetensors, as \`save_lora_weights\` of diffusers does by default.`,
  })
