import { Tensor, type Video } from "./tensor.ts"
import type { Pixels } from "./video-vae.ts"

/** 8-bit frames as the VAE reads them, −1…1. (B, F, H, W, 3) → (B, 3, F, H, W) */
export const toPixels = (video: Video): Pixels => {
  const source = video.permute("batch channels frames height width").contiguous()
  const bytes = source.values()
  const data = new Float32Array(bytes.length)
  for (let i = 0; i < data.length; i++) data[i] = 2 * Math.fround(bytes[i]! / 255) - 1
  return Tensor.from("batch channels frames height width", source.shape, data)
}

/** Decoded frames as 8-bit ones, rounded and clamped. (B, 3, F, H, W) → (B, F, H, W, 3) */
export const toVideo = (pixels: Pixels): Video => {
  const source = pixels.permute("batch frames height width channels").contiguous()
  const values = source.values()
  const data = new Uint8Array(values.length)
  for (let i = 0; i < data.length; i++) data[i] = Math.round(Math.min(Math.max(values[i]! / 2 + 0.5, 0), 1) * 255)
  return Tensor.from("batch frames height width channels", source.shape, data, "uint8")
}
