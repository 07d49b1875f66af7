import { type AnyTensor, encodeSafetensors, Tensor } from "@auteur/core"

/** A request that the bundled model fulfils in a tenth of a second. */
export const tiny = { steps: 2, frames: 1, seed: 7, guidanceScale: 3 } as const

/** The pixels of a video, to be compared. */
export const pixels = ({ tensor }: { readonly tensor: AnyTensor<"uint8"> }): Uint8Array => tensor.values()

const matrix = (rows: number, columns: number, scale: number): AnyTensor =>
  Tensor.from(
    "out in",
    [rows, columns],
    Float32Array.from({ length: rows * columns }, (_, i) => scale * Math.sin(i + 1)),
  )

/** The bytes of a LoRA file for the bundled model. */
export const loraBytes = (scale = 0.1): Uint8Array =>
  encodeSafetensors({
    "transformer.transformer_blocks.2.attn1.to_v.lora_A.weight": matrix(4, 192, scale),
    "transformer.transformer_blocks.2.attn1.to_v.lora_B.weight": matrix(192, 4, scale),
  })
