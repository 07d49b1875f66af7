import { convolution, type Value, type WeightScope } from "@auteur/engine"
import { causalConv3d } from "./causal-conv3d.ts"
import type { ChunkScope } from "./conv-cache.ts"
import type { Block } from "./network.ts"
import { mapSegments, type Segments } from "./segments.ts"

/** The norm before each of the block's convolutions: group norm in the encoder, spatial norm in the decoder. */
export type Norm = (x: Segments, weights: WeightScope) => Segments

/** A resnet block with `channels` outputs; `norms` makes its norms for the latents of the chunk. */
export const resnet = (name: string, channels: number, norms: (z: Value) => Norm): Block => ({
  name,
  forward: (x, scope, z) => resnetBlock3d(x, scope.scope(name), channels, norms(z)),
  outShape: (x) => x.with(1, channels),
  convolved: (x) => ({ [`${name}.conv1`]: x, [`${name}.conv2`]: x.with(1, channels) }),
})

/** x + conv2(silu(norm2(conv1(silu(norm1(x)))))), with a 1×1×1 convolution on x where the channels change. (1, C, T, H, W) → (1, O, T, H, W) */
const resnetBlock3d = (x: Segments, scope: ChunkScope, channels: number, norm: Norm): Segments => {
  const half = (h: Segments, n: 1 | 2): Segments =>
    causalConv3d(silu(norm(h, scope.weights.scope(`norm${n}`))), scope.scope(`conv${n}`), channels)
  const h = half(half(x, 1), 2)
  const skip = skipped(x, scope, channels)
  return h.map((segment, i) => skip[i]!.add(segment))
}

export const silu = (x: Segments): Segments => mapSegments(x, (segment) => segment.silu())

const skipped = (x: Segments, scope: ChunkScope, channels: number): Segments => {
  const inner = x[0]!.length(1)
  if (inner === channels) return x
  const shortcut = scope.weights.scope("conv_shortcut")
  const w = shortcut.tensor("weight", [channels, inner, 1, 1, 1])
  const b = shortcut.tensor("bias", [channels])
  return mapSegments(x, (segment) => convolution(segment, w, b))
}
