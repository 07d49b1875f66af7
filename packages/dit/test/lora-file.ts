import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type AnyTensor, encodeSafetensors, type ModelError, Tensor, type Weights } from "@auteur/core"
import { openWeights } from "@auteur/engine/node"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** The tensors as a LoRA file, which is there as long as the scope. */
export const loraFile: (
  tensors: Readonly<Record<string, AnyTensor>>,
  metadata?: Readonly<Record<string, string>>,
) => Effect.Effect<Weights, ModelError, Scope.Scope> = Effect.fnUntraced(function* (tensors, metadata) {
  const folder = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "auteur-dit-"))),
    (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true })),
  )
  const file = join(folder, "lora.safetensors")
  yield* Effect.promise(() => writeFile(file, encodeSafetensors(tensors, metadata)))
  return yield* openWeights([file])
})

/** A full matrix, another one for each seed. */
export const matrix = (rows: number, columns: number, seed = 1): AnyTensor =>
  Tensor.from(
    "out in",
    [rows, columns],
    Float32Array.from({ length: rows * columns }, (_, i) => Math.sin((i + 1) * (seed + 0.7))),
  )

export const layerName: string = "transformer_blocks.1.attn1.to_k"
/** The tensors of one layer, of rank 2. */
export const pair = (
  out: number,
  inner: number,
  layer: string = layerName,
  prefix = "transformer.",
): Record<string, AnyTensor> => ({
  [`${prefix}${layer}.lora_A.weight`]: matrix(2, inner),
  [`${prefix}${layer}.lora_B.weight`]: matrix(out, 2),
})
