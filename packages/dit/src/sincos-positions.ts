import { cos, exp, log, sin } from "@auteur/core"
import type { TransformerConfig } from "./config.ts"
import type { Grid } from "./grid.ts"

/**
 * Sin-cos positions as the sum of two tables: `temporal` (frames, 1, D), which is zero outside its quarter of the channels, and
 * `spatial` (1, height · width, D), which is zero inside it. The full table (frames, height · width, D) is never built.
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
  const logBase = log(10000)
  for (let i = 0; i < half; i++) {
    const angle = position * exp((-i / half) * logBase)
    target[i] = sin(angle)
    target[half + i] = cos(angle)
  }
}
