import { concat, convolution, type Value } from "@auteur/engine"
import type { ChunkScope } from "./chunk-scope.ts"

/** Below so many output channels the matrix product inside a convolution has too few rows to be fast. */
const fewChannels = 8

/**
 * A 3×3×3 convolution that sees no later frame: two frames are put before the chunk, zeros around each picture.
 * (1, C, T, H, W) → (1, O, T, H, W); paper §2.1.
 */
export const causalConv3d = (x: Value, chunk: ChunkScope, channels: number): Value => {
  const frames = x.length(2)
  const w = chunk.weights.tensor("conv.weight", [channels, x.length(1), 3, 3, 3])
  const b = chunk.weights.tensor("conv.bias", [channels])
  const padded = chunk.padded(x, 2)
  if (channels > fewChannels) return convolution(padded, w, b, { pads: [0, 1, 1, 0, 1, 1] })
  // The kernel's three frames side by side as output channels of a convolution within pictures, then summed along time.
  const zeros = x.graph.constant(new Float32Array(2 * channels), [2 * channels])
  const kernels = concat(
    [0, 1, 2].map((k) => w.slice(2, k, k + 1)),
    0,
  ) // (3·O, C, 1, 3, 3)
  const parts = convolution(padded, kernels, concat([b, zeros], 0), { pads: [0, 1, 1, 0, 1, 1] })
  const part = (k: number) => parts.slice(1, k * channels, (k + 1) * channels).slice(2, k, k + frames)
  return part(0).add(part(1)).add(part(2))
}
