import type { Value } from "@auteur/engine"
import { causalConv3d, convIn } from "./causal-conv3d.ts"
import { temporalLevels, type VaeConfig } from "./config.ts"
import { type Block, network, type Network } from "./network.ts"
import { type Norm, resnet, silu } from "./resnet-block3d.ts"
import { cutFrames, largestSegment } from "./segments.ts"
import { spatialNorm } from "./spatial-norm.ts"
import { upsample3d, upsampledFrames } from "./upsample3d.ts"

/** The decoder for a chunk of t latent frames of h × w: (1, Z, t, h, w) → pixels (1, 3, T, H, W); paper §2.1. */
export const decoder3d = (
  config: VaeConfig,
  frames: number,
  height: number,
  width: number,
  segmentBytes: number = largestSegment,
): Network => {
  const levels = config.block_out_channels.toReversed()
  const blocks = [
    convIn(levels[0]!),
    ...midBlock(config, levels[0]!),
    ...levels.flatMap((channels, level) => upBlock(config, channels, level, segmentBytes)),
    convOut(config),
  ]
  return network("decoder", [1, config.latent_channels, frames, height, width], blocks, segmentBytes)
}

/** Two resnet blocks at the size of the latents. */
const midBlock = (config: VaeConfig, channels: number): ReadonlyArray<Block> =>
  [0, 1].map((i) => resnet(`mid_block.resnets.${i}`, channels, normsOf(config)))

/** Resnet blocks; then, at each level but the last, height and width are doubled, and at the first levels the frames too. */
const upBlock = (config: VaeConfig, channels: number, level: number, segmentBytes: number): ReadonlyArray<Block> => {
  const name = `up_blocks.${level}`
  const resnets = Array.from({ length: config.layers_per_block + 1 }, (_, i) =>
    resnet(`${name}.resnets.${i}`, channels, normsOf(config)),
  )
  if (level === config.block_out_channels.length - 1) return resnets
  const last = resnets.pop()!
  return [...resnets, upsampled(last, `${name}.upsamplers.0`, level < temporalLevels(config), segmentBytes)]
}

/** A block whose result is upsampled. */
const upsampled = (block: Block, name: string, compressTime: boolean, segmentBytes: number): Block => ({
  ...block,
  forward: (x, scope, z) => {
    const y = cutFrames(block.forward(x, scope, z), segmentBytes, compressTime ? 8 : 4)
    return upsample3d(y, scope.weights.scope(name), compressTime)
  },
  outShape: (x) => {
    const [batch, channels, t, h, w] = block.outShape(x) as [number, number, number, number, number]
    return [batch, channels, compressTime ? upsampledFrames(t) : t, 2 * h, 2 * w]
  },
})

/** Spatial norm, SiLU and a convolution to pixels. */
const convOut = (config: VaeConfig): Block => ({
  name: "conv_out",
  forward: (x, scope, z) => {
    const h = silu(normsOf(config)(z)(x, scope.weights.scope("norm_out")))
    return causalConv3d(h, scope.scope("conv_out"), config.out_channels)
  },
  outShape: (x) => x.with(1, config.out_channels),
  convolved: (x) => ({ conv_out: x }),
})

/** The decoder's norms take their scale and shift from the latents z. */
const normsOf =
  ({ norm_num_groups }: VaeConfig) =>
  (z: Value): Norm =>
  (x, weights) =>
    spatialNorm(x, z, weights, norm_num_groups)
