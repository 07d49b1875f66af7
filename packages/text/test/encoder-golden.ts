import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type AnyTensor, decodeSafetensors, encodeSafetensors, type ModelError, type Weights } from "@auteur/core"
import { openWeights } from "@auteur/engine/node"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { parseT5Config, type T5Config } from "../src/t5/config.ts"

export const golden = (path: string): string => join(import.meta.dirname, "golden", path)

export const readTensors = (path: string): Effect.Effect<ReturnType<typeof decodeSafetensors>["tensors"]> =>
  Effect.promise(async () => decodeSafetensors(await readFile(path)).tensors)

export const readConfig = (folder: string): Effect.Effect<T5Config, ModelError> =>
  Effect.flatMap(
    Effect.promise(async () => JSON.parse(await readFile(join(folder, "config.json"), "utf8")) as unknown),
    (json) => parseT5Config(json),
  )

/** These tensors in a file of their own, which is removed when the scope closes. */
export const checkpoint = (
  tensors: Readonly<Record<string, AnyTensor>>,
): Effect.Effect<Weights, ModelError, Scope.Scope> =>
  Effect.gen(function* () {
    const folder = yield* Effect.acquireRelease(
      Effect.promise(() => mkdtemp(join(tmpdir(), "auteur-text-"))),
      (path) => Effect.promise(() => rm(path, { recursive: true, force: true })),
    )
    const file = join(folder, "model.safetensors")
    yield* Effect.promise(() => writeFile(file, encodeSafetensors(tensors)))
    return yield* openWeights(file)
  })

export const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  if (a.length !== b.length) throw new RangeError(`${a.length} and ${b.length} numbers`)
  let largest = 0
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!)
    if (!(difference <= largest)) largest = difference
  }
  return largest
}
