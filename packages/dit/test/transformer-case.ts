import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { decodeSafetensors, type ModelError, type Weights } from "@auteur/core"
import { openWeights } from "@auteur/engine/node"
import * as Effect from "effect/Effect"
import { parseTransformerConfig, type TransformerConfig } from "../src/config.ts"

/** One forward of the reference. */
export interface TransformerCase {
  readonly config: TransformerConfig
  readonly weights: Weights
  readonly tensors: ReadonlyMap<string, { readonly data: Float32Array; readonly shape: ReadonlyArray<number> }>
}

const folder = (path: string) => fileURLToPath(new URL(`golden/transformer/${path}`, import.meta.url))

/** The weights of the cases without a file of their own are one file. */
const ownWeights = new Set(["v1-i2v", "v15", "v15-i2v"])

/** Cases of the reference, named for the model's version, its positions and its task. */
export type CaseName =
  | "v1-sincos"
  | "v1-sincos-other-size"
  | "v1-rope"
  | "v1-rope-other-size"
  | "v1-i2v"
  | "v15"
  | "v15-i2v"

export const loadCase: (name: CaseName) => Effect.Effect<TransformerCase, ModelError> = Effect.fnUntraced(function* (
  name: CaseName,
) {
  const json: unknown = JSON.parse(yield* Effect.promise(() => readFile(folder(`${name}/config.json`), "utf8")))
  const config = yield* parseTransformerConfig(json, `${name}/config.json`)
  const weights = yield* openWeights(folder(`weights/${ownWeights.has(name) ? name : "v1"}.safetensors`))
  const decoded = decodeSafetensors(yield* Effect.promise(() => readFile(folder(`${name}/io.safetensors`))))
  const tensors = new Map(
    [...decoded.tensors].map(([key, tensor]) => [
      key,
      { data: Float32Array.from(tensor.data as ArrayLike<number | bigint>, Number), shape: tensor.shape },
    ]),
  )
  return { config, weights, tensors }
})
