import { concat, convolution, type Value } from "@auteur/engine"
import type { ChunkScope } from "./conv-cache.ts"
import type { Block } from "./network.ts"
import type { Segments } from "./segments.ts"

/** Below so many output channels the matrix product inside a convolution has too few rows to be fast. */
const fewChannels = 8

/**
 * A 3×3×3 convolution that sees no later frame: two frames of the past are put before x, zeros around each picture.
 * (1, C, T, H, W) → (1, O, T, H, W); paper §2.1.
 */
export const causalConv3d = (x: Segments, scope: ChunkScope, channels: number): Segments => {
  const w = scope.weights.tensor("conv.weight", [channels, x[0]!.length(1), 3, 3, 3])
  const b = scope.weights.tensor("conv.bias", [channels])
  const convolve = channels > fewChannels ? wide(w, b) : narrow(w, b, channels)
  return scope.withCache(x).map(convolve)
}

/** The first convolution of the encoder and of the decoder. */
export const convIn = (channels: number): Block => ({
  name: "conv_in",
  forward: (x, scope) => causalConv3d(x, scope.scope("conv_in"), channels),
  outShape: (x) => x.with(1, channels),
  convolved: (x) => ({ conv_in: x }),
})

const wide = (w: Value, b: Value) => (padded: Value) => convolution(padded, w, b, { pads: [0, 1, 1, 0, 1, 1] })

/** The kernel's three frames as output channels of a convolution within pictures, whose results are summed along time. */
const narrow = (w: Value, b: Value, channels: number) => {
  const zeros = w.graph.constant(new Float32Array(2 * channels), [2 * channels])
  const kernels = concat(
    [0, 1, 2].map((k) => w.slice(2, k, k + 1)),
    0,
  ) // (3·O, C, 1, 3, 3)
  const bias = concat([b, zeros], 0)
  return (padded: Value) => {
    const frames = padded.length(2) - 2
    const results = convolution(padded, kernels, bias, { pads: [0, 1, 1, 0, 1, 1] })
    const ofFrame = (k: number) => results.slice(1, k * channels, (k + 1) * channels).slice(2, k, k + frames)
    return ofFrame(0).add(ofFrame(1)).add(ofFrame(2))
  }
}
