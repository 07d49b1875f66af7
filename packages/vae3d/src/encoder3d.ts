import { causalConv3d, convIn } from "./causal-conv3d.ts"
import { temporalLevels, type VaeConfig } from "./config.ts"
import { downsample3d } from "./downsample3d.ts"
import { groupNorm } from "./group-norm.ts"
import { type Block, network, type Network } from "./network.ts"
import { type Norm, resnet, silu } from "./resnet-block3d.ts"
import { largestSegment } from "./segments.ts"

/** The encoder for a chunk of T frames of H × W pixels: (1, 3, T, H, W) → mean and log variance (1, 2·Z, t, h, w); paper §2.1. */
export const encoder3d = (
  config: VaeConfig,
  frames: number,
  height: number,
  width: number,
  segmentBytes: number = largestSegment,
): Network => {
  const levels = config.block_out_channels
  const blocks = [
    convIn(levels[0]!),
    ...levels.flatMap((channels, level) => downBlock(config, channels, level)),
    ...midBlock(config, levels.at(-1)!),
    convOut(config),
  ]
  return network("encoder", [1, config.in_channels, frames, height, width], blocks, segmentBytes)
}

/** Resnet blocks; then, at each level but the last, height and width are halved, and at the first levels the frames too. */
const downBlock = (config: VaeConfig, channels: number, level: number): ReadonlyArray<Block> => {
  const name = `down_blocks.${level}`
  const resnets = Array.from({ length: config.layers_per_block }, (_, i) =>
    resnet(`${name}.resnets.${i}`, channels, normsOf(config)),
  )
  if (level === config.block_out_channels.length - 1) return resnets
  const last = resnets.pop()!
  return [...resnets, downsampled(last, `${name}.downsamplers.0`, level < temporalLevels(config))]
}

/** Two resnet blocks at the size of the latents. */
const midBlock = (config: VaeConfig, channels: number): ReadonlyArray<Block> =>
  [0, 1].map((i) => resnet(`mid_block.resnets.${i}`, channels, normsOf(config)))

/** A block whose result is downsampled. */
const downsampled = (block: Block, name: string, compressTime: boolean): Block => ({
  ...block,
  forward: (x, scope, z) => downsample3d(block.forward(x, scope, z), scope.weights.scope(name), compressTime),
  outShape: (x) => {
    const [batch, channels, t, h, w] = block.outShape(x) as [number, number, number, number, number]
    return [batch, channels, compressTime ? Math.ceil(t / 2) : t, Math.floor(h / 2), Math.floor(w / 2)]
  },
})

/** Group norm, SiLU and a convolution to mean and log variance. */
const convOut = (config: VaeConfig): Block => ({
  name: "conv_out",
  forward: (x, scope) => {
    const h = silu(groupNorm(x, scope.weights.scope("norm_out"), config.norm_num_groups, 1e-6))
    return causalConv3d(h, scope.scope("conv_out"), 2 * config.latent_channels)
  },
  outShape: (x) => x.with(1, 2 * config.latent_channels),
  convolved: (x) => ({ conv_out: x }),
})

const normsOf =
  ({ norm_num_groups, norm_eps }: VaeConfig) =>
  (): Norm =>
  (x, weights) =>
    groupNorm(x, weights, norm_num_groups, norm_eps)
