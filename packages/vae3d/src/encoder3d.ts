import { causalConv3d } from "./causal-conv3d.ts"
import { temporalLevels, type VaeConfig } from "./config.ts"
import { downsample3d } from "./downsample3d.ts"
import { groupNorm } from "./group-norm.ts"
import { largestPiece, mapPieces } from "./pieces.ts"
import { type Norm, resnetBlock3d } from "./resnet-block3d.ts"
import { cachesOf, type Part, type Stage } from "./stage.ts"

/** The encoder for a chunk of T frames of H × W pixels: (1, 3, T, H, W) → mean and log variance (1, 2·Z, t, h, w); paper §2.1. */
export const encoder3d = (
  config: VaeConfig,
  frames: number,
  height: number,
  width: number,
  pieceBytes: number = largestPiece,
): Part => {
  const { block_out_channels, layers_per_block, norm_num_groups } = config
  const norm: Norm = (x, weights) => groupNorm(x, weights, norm_num_groups, config.norm_eps)
  const stages: Array<Stage> = []
  let [channels, t, h, w] = [config.in_channels, frames, height, width]
  const add = (name: string, out: number, run: Stage["run"]) => {
    stages.push({ name, shape: [1, channels, t, h, w], caches: cachesOf(name, channels, out, h, w), run })
    channels = out
  }
  add("conv_in", block_out_channels[0]!, (x, part) => causalConv3d(x, part.scope("conv_in"), block_out_channels[0]!))
  for (const [level, out] of block_out_channels.entries()) {
    const block = `down_blocks.${level}`
    const downsamples = level < block_out_channels.length - 1
    const compressTime = level < temporalLevels(config)
    for (let i = 0; i < layers_per_block; i++) {
      const resnet = `${block}.resnets.${i}`
      const ends = downsamples && i === layers_per_block - 1
      add(resnet, out, (x, part) => {
        const y = resnetBlock3d(x, part.scope(resnet), out, norm)
        return ends ? downsample3d(y, part.weights.scope(`${block}.downsamplers.0`), compressTime) : y
      })
    }
    if (!downsamples) continue
    if (compressTime) t = Math.ceil(t / 2)
    ;[h, w] = [Math.floor(h / 2), Math.floor(w / 2)]
  }
  for (const i of [0, 1]) {
    const resnet = `mid_block.resnets.${i}`
    add(resnet, channels, (x, part) => resnetBlock3d(x, part.scope(resnet), x[0]!.length(1), norm))
  }
  add("conv_out", 2 * config.latent_channels, (x, part) => {
    const h = groupNorm(x, part.weights.scope("norm_out"), norm_num_groups, 1e-6)
    return causalConv3d(
      mapPieces(h, (piece) => piece.silu()),
      part.scope("conv_out"),
      2 * config.latent_channels,
    )
  })
  return { name: "encoder", stages, pieceBytes }
}
