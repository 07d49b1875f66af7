import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type AnyTensor, encodeSafetensors, type ModelError, type Weights } from "@auteur/core"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { openWeights } from "../src/node.ts"

/** A folder that is removed when the scope closes. */
export const temporaryFolder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "auteur-engine-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true })),
)

/** A checkpoint of these tensors in a file of its own, with spaces after the header that move every tensor by `shift` bytes. */
export const checkpoint: (
  tensors: Readonly<Record<string, AnyTensor>>,
  shift?: number,
) => Effect.Effect<Weights, ModelError, Scope.Scope> = Effect.fnUntraced(function* (tensors, shift = 0) {
  const file = join(yield* temporaryFolder, "model.safetensors")
  const bytes = encodeSafetensors(tensors)
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true))
  const start = bytes.slice(0, 8 + length)
  new DataView(start.buffer).setBigUint64(0, BigInt(length + shift), true)
  const bytesInOrder = [start, new Uint8Array(shift).fill(0x20), bytes.subarray(8 + length)]
  yield* Effect.promise(() => writeFile(file, Buffer.concat(bytesInOrder)))
  return yield* openWeights(file)
})
