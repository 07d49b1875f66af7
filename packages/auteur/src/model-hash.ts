import { createHash } from "node:crypto"
import { open, readdir } from "node:fs/promises"
import { join } from "node:path"
import { ModelError, safetensorsHeaderLength } from "@auteur/core"
import * as Effect from "effect/Effect"

const parts = [".", "scheduler", "text_encoder", "tokenizer", "transformer", "vae"]
const samples = 16
const sampleBytes = 4096

/**
 * A short name for what a model is: the SHA-256 of its configs, its tokenizer, the headers of its weights and samples of their
 * values, in hexadecimal. Fast for weights of any size; a model that was trained further has another.
 */
export const modelHash = (folder: string): Effect.Effect<string, ModelError> =>
  Effect.tryPromise({
    try: () => hashFolder(folder),
    catch: (cause) =>
      new ModelError({
        message: `The files of the model ${folder} cannot be read (${(cause as Error).message}): check their permissions, or download it again.`,
      }),
  })

const hashFolder = async (folder: string): Promise<string> => {
  const hash = createHash("sha256")
  for (const part of parts) {
    for (const name of (await readdir(join(folder, part))).toSorted()) {
      if (!/\.(json|model|safetensors)$/.test(name)) continue
      hash.update(`${part}/${name}\0`)
      const bytes = name.endsWith(".safetensors") ? readSamples : readWhole
      for await (const chunk of bytes(join(folder, part, name))) hash.update(chunk)
    }
  }
  return hash.digest("hex")
}

async function* readWhole(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path)
  try {
    yield await file.readFile()
  } finally {
    await file.close()
  }
}

/** The header, and pieces spread evenly over the values. */
async function* readSamples(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const read = async (position: number, length: number): Promise<Uint8Array> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position)
      return buffer.subarray(0, bytesRead)
    }
    const begin = 8 + safetensorsHeaderLength(await read(0, 8), size)
    yield await read(0, begin)
    for (let i = 0; i < samples; i++) {
      yield await read(Math.floor(begin + ((size - begin) * i) / samples), sampleBytes)
    }
  } finally {
    await file.close()
  }
}
