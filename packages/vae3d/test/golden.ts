import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { decodeSafetensors, type ModelError, Tensor, type Weights } from "@auteur/core"
import { openWeights } from "@auteur/engine/node"
import * as Effect from "effect/Effect"
import { parseVaeConfig, type VaeConfig } from "../src/config.ts"

const path = (name: string) => fileURLToPath(new URL(`golden/${name}`, import.meta.url))

export const readGolden = (name: string): Promise<string> => readFile(path(name), "utf8")

/** A tiny random VAE, and what the reference makes of videos and latents with it. */
export interface GoldenVae {
  readonly config: VaeConfig
  readonly weights: Weights
  /** A reference tensor, such as `in.video.5`. */
  readonly tensor: (name: string) => Tensor<"batch channels frames height width">
}

export const loadGolden: Effect.Effect<GoldenVae, ModelError> = Effect.gen(function* () {
  const json: unknown = JSON.parse(yield* Effect.promise(() => readGolden("config.json")))
  const config = yield* parseVaeConfig(json, "config.json")
  const weights = yield* openWeights(path("diffusion_pytorch_model.safetensors"))
  const { tensors } = decodeSafetensors(yield* Effect.promise(() => readFile(path("io.safetensors"))))
  const tensor = (name: string) => {
    const { shape, data } = tensors.get(name)!
    return Tensor.from(
      "batch channels frames height width",
      shape as [number, number, number, number, number],
      data as Float32Array,
    )
  }
  return { config, weights, tensor }
})

/** The largest difference between numbers of two tensors of one shape. */
export const difference = (
  a: Tensor<"batch channels frames height width">,
  b: Tensor<"batch channels frames height width">,
): number => {
  if (a.shape.join() !== b.shape.join()) throw new Error(`shapes [${a.shape}] and [${b.shape}]`)
  return a.values().reduce((worst, x, i) => Math.max(worst, Math.abs(x - b.values()[i]!)), 0)
}
