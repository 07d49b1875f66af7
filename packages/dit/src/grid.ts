import type { LatentSize } from "@auteur/core"
import type { TransformerConfig } from "./config.ts"

/** Video tokens along time, height and width: one for each patch of latents. */
export interface Grid {
  readonly frames: number
  readonly height: number
  readonly width: number
}

/** Latent positions that one token stands for. */
export const patchOf = (config: TransformerConfig): LatentSize => ({
  frames: config.patch_size_t ?? 1,
  height: config.patch_size,
  width: config.patch_size,
})

/** The size that the network was trained at, in latents. */
export const trainedSize = (config: TransformerConfig): LatentSize => ({
  frames: Math.floor((config.sample_frames - 1) / config.temporal_compression_ratio) + 1,
  height: config.sample_height,
  width: config.sample_width,
})

/** Tokens that are attended at once at most: four times those of the largest grid that a model of CogVideoX was trained on. */
export const mostTokens: number = 2 ** 20

/** The tokens that latents of a size are cut into. */
export const gridOf = (config: TransformerConfig, size: LatentSize): Grid => {
  const patch = patchOf(config)
  for (const axis of ["frames", "height", "width"] as const) {
    if (size[axis] < 1 || size[axis] % patch[axis] !== 0) {
      throw new RangeError(`latent ${axis} of ${size[axis]} cannot be cut into patches of ${patch[axis]}`)
    }
  }
  return {
    frames: size.frames / patch.frames,
    height: size.height / patch.height,
    width: size.width / patch.width,
  }
}
