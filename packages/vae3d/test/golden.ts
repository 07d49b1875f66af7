import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { decodeSafetensors, type Latents, type ModelError, type Pixels, Tensor, type Weights } from "@auteur/core"
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

/** Reference latents as the denoiser would give them: the reference decodes unscaled ones. */
export const scaledLatents = ({ config, tensor }: GoldenVae, name: string): Latents => {
  const z = tensor(name)
  const values = z.values().map((x) => x * config.scaling_factor)
  const latents = Tensor.from("batch channels frames height width", z.shape, values)
  return latents.permute("batch frames channels height width")
}

/** Chunks one after the other. */
export const joinFrames = (chunks: ReadonlyArray<Pixels>): Pixels => {
  const [batch, channels, , height, width] = chunks[0]!.shape
  const frames = chunks.reduce((sum, chunk) => sum + chunk.length("frames"), 0)
  const joined = Tensor.zeros("batch channels frames height width", [batch, channels, frames, height, width])
  const area = height * width
  let start = 0
  for (const chunk of chunks) {
    const size = chunk.length("frames") * area
    for (let plane = 0; plane < batch * channels; plane++) {
      const values = chunk.values().subarray(plane * size, (plane + 1) * size)
      joined.data.set(values, plane * frames * area + start)
    }
    start += size
  }
  return joined
}
