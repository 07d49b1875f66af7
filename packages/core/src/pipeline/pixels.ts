import { PipelineError } from "../services/errors.ts"
import { Tensor, type Video } from "../tensor/tensor.ts"
import type { Pixels } from "../services/video-vae.ts"

/** 8-bit frames as the VAE reads them, −1…1. (B, F, H, W, 3) → (B, 3, F, H, W) */
export const toPixels = (video: Video): Pixels => {
  const source = video.permute("batch channels frames height width").contiguous()
  const bytes = source.values()
  const data = new Float32Array(bytes.length)
  for (let i = 0; i < data.length; i++) data[i] = 2 * Math.fround(bytes[i]! / 255) - 1
  return Tensor.from("batch channels frames height width", source.shape, data)
}

/**
 * Decoded frames as 8-bit ones, rounded and clamped. (B, 3, F, H, W) → (B, F, H, W, 3)
 *
 * Throws a {@link PipelineError} that names `component` when a value is NaN, which would be written as black.
 */
export const toVideo = (pixels: Pixels, component = "The VAE's decoder"): Video => {
  const source = pixels.permute("batch frames height width channels").contiguous()
  const values = source.values()
  const data = new Uint8Array(values.length)
  for (let i = 0; i < data.length; i++) {
    const value = values[i]!
    if (Number.isNaN(value)) {
      throw new PipelineError({
        message: `${component} gave frames with values that are not numbers: check that its weights are not damaged, or run it at a higher precision.`,
      })
    }
    data[i] = Math.round(Math.min(Math.max(value / 2 + 0.5, 0), 1) * 255)
  }
  return Tensor.from("batch frames height width channels", source.shape, data, "uint8")
}
