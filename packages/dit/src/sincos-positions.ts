import { cos, sin } from "@auteur/core"
import type { TransformerConfig } from "./config.ts"
import { frequency } from "./frequency.ts"
import type { Grid } from "./grid.ts"

/**
 * Sin-cos positions as the two summands that they are made of: `temporal` (frames, 1, D) is zero outside its quarter of the
 * channels and `spatial` (1, height · width, D) inside it, so that the full table never has to exist.
 *
 * Channels are [time D/4 | width 3D/8 | height 3D/8], each [sin(pω), cos(pω)] with ω_i = 10000^(−i / (d/2)).
 */
export const sincosPositions = (
  config: TransformerConfig,
  grid: Grid,
): { readonly temporal: Float32Array; readonly spatial: Float32Array } => {
  const width = config.num_attention_heads * config.attention_head_dim
  const [time, side] = [width / 4, (3 * width) / 8]
  const temporal = new Float32Array(grid.frames * width)
  for (let t = 0; t < grid.frames; t++) {
    writeSincos(temporal.subarray(t * width, t * width + time), t / config.temporal_interpolation_scale)
  }
  const spatial = new Float32Array(grid.height * grid.width * width)
  for (let h = 0; h < grid.height; h++) {
    for (let w = 0; w < grid.width; w++) {
      const at = (h * grid.width + w) * width + time
      writeSincos(spatial.subarray(at, at + side), w / config.spatial_interpolation_scale)
      writeSincos(spatial.subarray(at + side, at + 2 * side), h / config.spatial_interpolation_scale)
    }
  }
  return { temporal, spatial }
}

const writeSincos = (target: Float32Array, position: number): void => {
  const half = target.length / 2
  for (let i = 0; i < half; i++) {
    const angle = position * frequency(i / half)
    target[i] = sin(angle)
    target[half + i] = cos(angle)
  }
}
