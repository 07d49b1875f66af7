import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type AnyTensor, encodeSafetensors, type ModelError, type Weights } from "@auteur/core"
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
