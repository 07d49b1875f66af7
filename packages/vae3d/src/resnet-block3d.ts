import { convolution, type Value, type WeightScope } from "@auteur/engine"
import { causalConv3d } from "./causal-conv3d.ts"
import type { ChunkScope } from "./chunk-scope.ts"

/** The norm before each of the block's convolutions: group norm in the encoder, spatial norm in the decoder. */
export type Norm = (x: Value, weights: WeightScope) => Value

/** x + conv2(silu(norm2(conv1(silu(norm1(x)))))), with a 1×1×1 convolution on x where the channels change. (1, C, T, H, W) → (1, O, T, H, W) */
export const resnetBlock3d = (x: Value, chunk: ChunkScope, channels: number, norm: Norm): Value => {
  const half = (h: Value, n: 1 | 2) =>
    causalConv3d(norm(h, chunk.weights.scope(`norm${n}`)).silu(), chunk.scope(`conv${n}`), channels)
  const h = half(half(x, 1), 2)
  const inner = x.length(1)
  if (inner === channels) return x.add(h)
  const shortcut = chunk.weights.scope("conv_shortcut")
  const w = shortcut.tensor("weight", [channels, inner, 1, 1, 1])
  return convolution(x, w, shortcut.tensor("bias", [channels])).add(h)
}
