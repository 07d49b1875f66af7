import { causalConv3d } from "./causal-conv3d.ts"
import { temporalLevels, type VaeConfig } from "./config.ts"
import { cutFrames, largestPiece, mapPieces } from "./pieces.ts"
import { type Norm, resnetBlock3d } from "./resnet-block3d.ts"
import { spatialNorm } from "./spatial-norm.ts"
import { cachesOf, type Part, type Stage } from "./stage.ts"
import { upsample3d, upsampledFrames } from "./upsample3d.ts"

/** The decoder for a chunk of t latent frames of h × w: (1, Z, t, h, w) → pixels (1, 3, T, H, W); paper §2.1. */
export const decoder3d = (
  config: VaeConfig,
  frames: number,
  height: number,
  width: number,
  pieceBytes: number = largestPiece,
): Part => {
  const { layers_per_block, norm_num_groups: groups } = config
  const levels = config.block_out_channels.toReversed()
  const stages: Array<Stage> = []
  let [channels, t, h, w] = [config.latent_channels, frames, height, width]
  const add = (name: string, out: number, run: Stage["run"]) => {
    stages.push({ name, shape: [1, channels, t, h, w], caches: cachesOf(name, channels, out, h, w), run })
    channels = out
  }
  const addResnet = (name: string, out: number, after?: Stage["run"]) => {
    add(name, out, (x, part, zeta) => {
      const norm: Norm = (f, weights) => spatialNorm(f, zeta, weights, groups)
      const y = resnetBlock3d(x, part.scope(name), out, norm)
      return after === undefined ? y : after(y, part, zeta)
    })
  }
  add("conv_in", levels[0]!, (x, part) => causalConv3d(x, part.scope("conv_in"), levels[0]!))
  for (const i of [0, 1]) addResnet(`mid_block.resnets.${i}`, channels)
  for (const [level, out] of levels.entries()) {
    const block = `up_blocks.${level}`
    const upsamples = level < levels.length - 1
    const compressTime = level < temporalLevels(config)
    for (let i = 0; i <= layers_per_block; i++) {
      const ends = upsamples && i === layers_per_block
      addResnet(
        `${block}.resnets.${i}`,
        out,
        ends
          ? (y, part) =>
              upsample3d(
                cutFrames(y, pieceBytes, compressTime ? 8 : 4),
                part.weights.scope(`${block}.upsamplers.0`),
                compressTime,
              )
          : undefined,
      )
    }
    if (!upsamples) continue
    if (compressTime) t = upsampledFrames(t)
    ;[h, w] = [2 * h, 2 * w]
  }
  add("conv_out", config.out_channels, (x, part, zeta) => {
    const h = spatialNorm(x, zeta, part.weights.scope("norm_out"), groups)
    return causalConv3d(
      mapPieces(h, (piece) => piece.silu()),
      part.scope("conv_out"),
      config.out_channels,
    )
  })
  return { name: "decoder", stages, pieceBytes }
}
