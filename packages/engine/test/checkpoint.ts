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

/** A checkpoint of these tensors in a file of its own. */
export const checkpoint = (
  tensors: Readonly<Record<string, AnyTensor>>,
): Effect.Effect<Weights, ModelError, Scope.Scope> =>
  Effect.gen(function* () {
    const file = join(yield* temporaryFolder, "model.safetensors")
    yield* Effect.promise(() => writeFile(file, encodeSafetensors(tensors)))
    return yield* openWeights(file)
  })
