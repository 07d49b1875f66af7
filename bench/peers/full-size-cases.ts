import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { encodeSafetensors, Tensor } from "@auteur/core"
import { writeRandomCheckpoint } from "../memory/random-checkpoint.ts"
import type { Case } from "./case.ts"
import { normal } from "./random-inputs.ts"
import type { Side } from "./results.ts"

type Shapes = Readonly<Record<string, ReadonlyArray<number>>>
interface Checkpoint {
  readonly config: Readonly<Record<string, unknown>>
  readonly tensors: Shapes
}

const read = <T extends Checkpoint>(path: string): T =>
  JSON.parse(readFileSync(new URL(`../../packages/${path}`, import.meta.url), "utf8")) as T

const textTokens = 226
const latentFrames = 13
const weightsFile = "diffusion_pytorch_model.safetensors"
const otherSides: ReadonlyArray<Side> = [
  { library: "pytorch", mode: "float32" },
  { library: "pytorch", mode: "bfloat16" },
  { library: "pytorch", mode: "autocast" },
]

/** Heights and widths in latents, of 49 frames each; the last is the size that CogVideoX-2b was trained at. */
export const blockSizes = { small: [8, 10], medium: [20, 28], large: [32, 36], full: [60, 90] } as const

/** A transformer of CogVideoX-2b's width with one of its 30 blocks, on random weights in float16 as the real ones. */
export const blockCase = ([height, width]: readonly [number, number]): Case => {
  const tokens = textTokens + latentFrames * (height / 2) * (width / 2)
  return {
    name: `block-${tokens}`,
    title: `CogVideoX-2b, one block, ${tokens} tokens`,
    sides: [{ library: "auteur", mode: "float32" }, { library: "auteur", mode: "mapped" }, ...otherSides],
    tolerance: 1e-3,
    prepare: (scratch) => {
      const { config, tensors, block } = read<Checkpoint & { readonly block: Shapes }>(
        "dit/test/golden/shapes/cogvideox-2b.json",
      )
      const weights = join(scratch, "transformer.safetensors")
      if (!existsSync(weights)) {
        const first = Object.entries(block).map(([name, shape]) => [`transformer_blocks.0.${name}`, shape] as const)
        writeRandomCheckpoint(weights, { ...tensors, ...Object.fromEntries(first) })
      }
      const folder = join(scratch, `transformer-${tokens}`)
      mkdirSync(folder)
      symlinkSync(weights, join(folder, weightsFile))
      // The size that it was trained at, as diffusers would make the table of positions anew in each forward of another one.
      const trained = { sample_frames: 4 * latentFrames - 3, sample_height: height, sample_width: width }
      writeFileSync(join(folder, "config.json"), JSON.stringify({ ...config, ...trained, num_layers: 1 }))
      const inputs = join(folder, "inputs.safetensors")
      const latents = normal(1, latentFrames * 16 * height * width)
      writeFileSync(
        inputs,
        encodeSafetensors({
          hidden_states: Tensor.from("b f c h w", [1, latentFrames, 16, height, width], latents),
          encoder_hidden_states: Tensor.from("b n d", [1, textTokens, 4096], normal(2, textTokens * 4096)),
          timestep: Tensor.from("b", [1], Float32Array.of(500)),
        }),
      )
      return { kind: "transformer", folder, inputs }
    },
  }
}

/** CogVideoX-2b's own VAE on random weights, decoding latents of a small size. */
export const vaeCase = (frames: number, height: number, width: number): Case => ({
  name: "vae",
  title: `CogVideoX-2b, VAE decode, ${4 * frames - 3} frames of ${8 * width}×${8 * height}`,
  sides: [{ library: "auteur", mode: "float32" }, ...otherSides.filter(({ mode }) => mode !== "autocast")],
  tolerance: 1e-3,
  prepare: (scratch) => {
    const { config, tensors } = read("vae3d/test/golden/cogvideox-shapes.json")
    const folder = join(scratch, "vae")
    mkdirSync(folder)
    writeRandomCheckpoint(join(folder, weightsFile), tensors)
    writeFileSync(join(folder, "config.json"), JSON.stringify(config))
    const inputs = join(folder, "inputs.safetensors")
    const latents = normal(3, frames * 16 * height * width)
    writeFileSync(
      inputs,
      encodeSafetensors({ latents: Tensor.from("b f c h w", [1, frames, 16, height, width], latents) }),
    )
    return { kind: "decode", folder, inputs }
  },
})
