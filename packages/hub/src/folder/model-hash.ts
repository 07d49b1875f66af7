import { createHash } from "node:crypto"
import { type ModelError, safetensorsHeaderLength } from "@auteur/core"
import type * as Effect from "effect/Effect"
import type { ModelFolder } from "./model-folder.ts"
import { attempt, openRegular, readBytes, unreadable } from "./read-file.ts"

const samples = 16
const sampleBytes = 4096

/**
 * A short name for what a model is: the SHA-256 of its configs, its tokenizer, the headers of its weights and samples of their
 * values, in hexadecimal. Fast for weights of any size; a model that was trained further has another. Only files that are used count.
 */
export const modelHash = ({ files }: Pick<ModelFolder, "files">): Effect.Effect<string, ModelError> =>
  attempt(async () => {
    const hash = createHash("sha256")
    for (const [name, path] of [...files].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      hash.update(`${name.includes("/") ? name : `./${name}`}\0`)
      if (name.endsWith(".safetensors")) for await (const bytes of readSamples(path)) hash.update(bytes)
      else hash.update(await readBytes(path))
    }
    return hash.digest("hex")
  })

/** The header, and samples spread evenly over the values. */
async function* readSamples(path: string): AsyncGenerator<Uint8Array> {
  const file = await openRegular(path)
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
  } catch (cause) {
    throw unreadable(path, cause)
  } finally {
    await file.close()
  }
}
