import { concat, convolution, type Value } from "@auteur/engine"
import type { ChunkScope } from "./chunk-scope.ts"
import type { Pieces } from "./pieces.ts"

/** Below so many output channels the matrix product inside a convolution has too few rows to be fast. */
const fewChannels = 8

/**
 * A 3×3×3 convolution that sees no later frame: two frames are put before each piece, zeros around each picture.
 * (1, C, T, H, W) → (1, O, T, H, W); paper §2.1.
 */
export const causalConv3d = (x: Pieces, chunk: ChunkScope, channels: number): Pieces => {
  const w = chunk.weights.tensor("conv.weight", [channels, x[0]!.length(1), 3, 3, 3])
  const b = chunk.weights.tensor("conv.bias", [channels])
  const convolve = channels > fewChannels ? wide(w, b) : narrow(w, b, channels)
  return chunk.padded(x, 2).map(convolve)
}

const wide = (w: Value, b: Value) => (padded: Value) => convolution(padded, w, b, { pads: [0, 1, 1, 0, 1, 1] })

/** The kernel's three frames side by side as output channels of a convolution within pictures, then summed along time. */
const narrow = (w: Value, b: Value, channels: number) => {
  const zeros = w.graph.constant(new Float32Array(2 * channels), [2 * channels])
  const kernels = concat(
    [0, 1, 2].map((k) => w.slice(2, k, k + 1)),
    0,
  ) // (3·O, C, 1, 3, 3)
  const bias = concat([b, zeros], 0)
  return (padded: Value) => {
    const frames = padded.length(2) - 2
    const parts = convolution(padded, kernels, bias, { pads: [0, 1, 1, 0, 1, 1] })
    const part = (k: number) => parts.slice(1, k * channels, (k + 1) * channels).slice(2, k, k + frames)
    return part(0).add(part(1)).add(part(2))
  }
}
