import { latentFrames, type LatentSize, type LatentSpaceShape, multipleProblem } from "@auteur/core"
import { mostTokens, type TransformerConfig } from "./config.ts"

/** Video tokens along time, height and width: one for each patch of latents. */
export interface Grid {
  readonly frames: number
  readonly height: number
  readonly width: number
}

const axes = ["frames", "height", "width"] as const

/** Latents in a patch, along each axis. */
export const patchOf = (config: TransformerConfig): LatentSize => ({
  frames: config.patch_size_t ?? 1,
  height: config.patch_size,
  width: config.patch_size,
})

/** The tokens that latents of a size are cut into; throws a `RangeError` when patches do not divide it. */
export const gridOf = (config: TransformerConfig, size: LatentSize): Grid => {
  const patch = patchOf(config)
  for (const axis of axes) {
    const problem = multipleProblem(size[axis], patch[axis])
    if (problem !== undefined) throw new RangeError(`latent ${axis} of ${size[axis]} cannot be cut: ${problem}`)
  }
  return {
    frames: size.frames / patch.frames,
    height: size.height / patch.height,
    width: size.width / patch.width,
  }
}

/** The size of the config's sample in latents, on which positions are based. */
export const sampleSize = (config: TransformerConfig): LatentSize => ({
  frames: latentFrames(config.sample_frames, config.temporal_compression_ratio),
  height: config.sample_height,
  width: config.sample_width,
})

/** The side of the table of positions with which CogVideoX 1.5 was published, in place of a size. */
const tableOf15 = 300

/** The size that the network was trained at, in latents: of CogVideoX 1.5, as its model card says, 81 frames of 1360×768 pixels. */
export const trainedSize = (config: TransformerConfig): LatentSize =>
  config.sample_height === tableOf15 && config.sample_width === tableOf15
    ? { frames: 21, height: 96, width: 170 }
    : sampleSize(config)

/** Says in pixels why the transformer cannot run on latents of a size, or `undefined` when it can. */
export const refuseSize = (
  config: TransformerConfig,
  { spatialCompression: pixels }: Pick<LatentSpaceShape, "spatialCompression">,
  name: string,
  size: LatentSize,
): string | undefined => {
  const patch = patchOf(config)
  for (const side of ["height", "width"] as const) {
    const problem = multipleProblem(size[side] * pixels, patch[side] * pixels)
    if (problem !== undefined)
      return `A ${side} of ${size[side] * pixels} pixels cannot be made with ${name}: ${problem}.`
  }
  const problem = multipleProblem(size.frames, patch.frames)
  if (problem !== undefined) return `${size.frames} latent frames cannot be made with ${name}: ${problem}.`
  const beyond = beyondPositions(config, pixels, name, size)
  if (beyond !== undefined) return beyond

  const { frames, height, width } = gridOf(config, size)
  const tokens = frames * height * width
  if (tokens <= mostTokens) return undefined
  return `${size.frames} latent frames of ${size.width * pixels}×${size.height * pixels} pixels cannot be made with ${name}: they are ${tokens} tokens, and at most ${mostTokens} are attended; use fewer frames or a smaller size.`
}

/** Says in pixels that a model was given no positions for a size. */
const beyondPositions = (
  config: TransformerConfig,
  pixels: number,
  name: string,
  size: LatentSize,
): string | undefined => {
  if (!config.use_rotary_positional_embeddings) return undefined
  const sample = sampleSize(config)
  const pixelsOf = ({ width, height }: LatentSize): string => `${width * pixels}×${height * pixels}`
  if (config.use_learned_positional_embeddings) {
    if (size.height !== sample.height || size.width !== sample.width) {
      return `A video of ${pixelsOf(size)} pixels cannot be made with ${name}: it has learned positions for ${pixelsOf(sample)} only.`
    }
    if (size.frames !== sample.frames) {
      return `${size.frames} latent frames cannot be made with ${name}: it has learned positions for ${sample.frames} only, which are ${config.sample_frames} frames of video.`
    }
    return undefined
  }
  // 1.5 image-to-video was trained at many sizes, and its positions continue; 1.5 text-to-video is limited to its table, as in the reference.
  if (config.patch_size_t === null || config.in_channels !== config.out_channels) return undefined
  for (const side of ["height", "width"] as const) {
    if (size[side] > sample[side]) {
      return `A ${side} of ${size[side] * pixels} pixels cannot be made with ${name}: its positions end at ${sample[side] * pixels}; the largest video is ${pixelsOf(sample)} pixels.`
    }
  }
  return undefined
}
