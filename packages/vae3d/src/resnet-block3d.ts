import { convolution, type WeightScope } from "@auteur/engine"
import { causalConv3d } from "./causal-conv3d.ts"
import type { ChunkScope } from "./chunk-scope.ts"
import { mapPieces, type Pieces } from "./pieces.ts"

/** The norm before each of the block's convolutions: group norm in the encoder, spatial norm in the decoder. */
export type Norm = (x: Pieces, weights: WeightScope) => Pieces

/** x + conv2(silu(norm2(conv1(silu(norm1(x)))))), with a 1×1×1 convolution on x where the channels change. (1, C, T, H, W) → (1, O, T, H, W) */
export const resnetBlock3d = (x: Pieces, chunk: ChunkScope, channels: number, norm: Norm): Pieces => {
  const half = (h: Pieces, n: 1 | 2): Pieces =>
    causalConv3d(
      mapPieces(norm(h, chunk.weights.scope(`norm${n}`)), (piece) => piece.silu()),
      chunk.scope(`conv${n}`),
      channels,
    )
  const h = half(half(x, 1), 2)
  const skip = skipped(x, chunk, channels)
  return h.map((piece, i) => skip[i]!.add(piece))
}

const skipped = (x: Pieces, chunk: ChunkScope, channels: number): Pieces => {
  const inner = x[0]!.length(1)
  if (inner === channels) return x
  const shortcut = chunk.weights.scope("conv_shortcut")
  const w = shortcut.tensor("weight", [channels, inner, 1, 1, 1])
  const b = shortcut.tensor("bias", [channels])
  return mapPieces(x, (piece) => convolution(piece, w, b))
}
