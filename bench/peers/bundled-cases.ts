import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { encodeSafetensors, Tensor } from "@auteur/core"
import type { Case } from "./case.ts"
import { normal } from "./random-inputs.ts"

const model = fileURLToPath(new URL("../../models/emoji-world", import.meta.url))
const subjects = ["fox", "cat", "dog", "panda", "rabbit", "lion", "frog", "penguin", "owl", "dragon", "car", "bus"]
const prompts = subjects.map((subject) => `a ${subject} runs to the right in a meadow`)
const generation = { model, prompts, seed: 7, guidance: 6 }
/** Pixels are rounded to one of 256 levels, and a last bit may fall on either side. */
const onePixelLevel = 1.5 / 255
const float32 = [
  { library: "auteur", mode: "float32" },
  { library: "pytorch", mode: "float32" },
] as const

/** The bundled model: whole commands and each component by itself, at the size that it was trained at. */
export const bundledCases = (steps: number): ReadonlyArray<Case> => [
  {
    name: "command",
    title: `whole command, ${steps} steps: process start to file`,
    sides: float32,
    tolerance: onePixelLevel,
    prepare: () => ({ kind: "command", ...generation, steps }),
  },
  {
    name: "warm",
    title: `the same once the model is loaded`,
    sides: float32,
    tolerance: onePixelLevel,
    prepare: () => ({ kind: "generate", ...generation, steps }),
  },
  {
    name: "text",
    title: "text encoder, one prompt of 24 tokens",
    sides: float32,
    tolerance: 1e-3,
    prepare: () => ({ kind: "text", model, prompts }),
  },
  {
    name: "step",
    title: "one denoiser step with guidance, 2 × 104 tokens",
    sides: [...float32, { library: "pytorch", mode: "bfloat16" }, { library: "pytorch", mode: "autocast" }],
    tolerance: 1e-3,
    prepare: (folder) => {
      const inputs = join(folder, "step.safetensors")
      const latents = Tensor.from("batch frames channels height width", [2, 5, 16, 8, 8], normal(1, 2 * 5 * 16 * 64))
      const texts = Tensor.from("batch tokens features", [2, 24, 128], normal(2, 2 * 24 * 128))
      const timestep = Tensor.from("batch", [2], Float32Array.of(500, 500))
      writeFileSync(
        inputs,
        encodeSafetensors({ hidden_states: latents, encoder_hidden_states: texts, timestep: timestep }),
      )
      return { kind: "transformer", folder: join(model, "transformer"), inputs }
    },
  },
  {
    name: "decode",
    title: "VAE decode, 17 frames of 64×64",
    sides: float32,
    tolerance: 1e-3,
    prepare: (folder) => {
      const inputs = join(folder, "decode.safetensors")
      const latents = Tensor.from("batch frames channels height width", [1, 5, 16, 8, 8], normal(3, 5 * 16 * 64))
      writeFileSync(inputs, encodeSafetensors({ latents }))
      return { kind: "decode", folder: join(model, "vae"), inputs }
    },
  },
]
