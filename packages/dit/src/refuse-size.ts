import type { LatentSize, LatentSpaceShape } from "@auteur/core"
import type { TransformerConfig } from "./config.ts"
import { gridOf, mostTokens, patchOf, trainedSize } from "./grid.ts"

/** Says in pixels why the transformer cannot run on latents of a size, or `undefined` when it can. */
export const refuseSize = (
  config: TransformerConfig,
  space: Pick<LatentSpaceShape, "spatialCompression">,
  name: string,
  size: LatentSize,
): string | undefined => {
  const pixels = space.spatialCompression
  const patch = patchOf(config)
  for (const side of ["height", "width"] as const) {
    if (size[side] >= 1 && size[side] % patch[side] === 0) continue
    return `A ${side} of ${size[side] * pixels} pixels cannot be made with ${name}: it has to be a multiple of ${patch[side] * pixels}; ${nearest(size[side], patch[side], pixels)}.`
  }
  if (size.frames < 1 || size.frames % patch.frames !== 0) {
    return `${name} works on ${patch.frames} latent frames at a time and cannot run on ${size.frames}: ${nearest(size.frames, patch.frames, 1)}.`
  }
  return (
    refuseLearned(config, pixels, name, size) ??
    refuseBeyondTable(config, pixels, name, size) ??
    refuseTokens(config, pixels, name, size)
  )
}

/** Beyond what any memory attends, even to count it would take minutes. */
const refuseTokens = (
  config: TransformerConfig,
  pixels: number,
  name: string,
  size: LatentSize,
): string | undefined => {
  const { frames, height, width } = gridOf(config, size)
  const tokens = frames * height * width
  if (tokens <= mostTokens) return undefined
  return `${size.frames} latent frames of ${size.width * pixels}×${size.height * pixels} pixels cannot be made with ${name}: they are ${tokens} tokens, and at most ${mostTokens} are attended; ask for fewer frames or a smaller size.`
}

const nearest = (length: number, multiple: number, unit: number): string => {
  const below = Math.floor(length / multiple) * multiple
  return below < 1
    ? `the smallest is ${multiple * unit}`
    : `the nearest are ${below * unit} and ${(below + multiple) * unit}`
}

/** Learned positions (5b image-to-video) exist for the trained size only. */
const refuseLearned = (
  config: TransformerConfig,
  pixels: number,
  name: string,
  size: LatentSize,
): string | undefined => {
  if (!config.use_learned_positional_embeddings) return undefined
  const trained = trainedSize(config)
  if (size.height !== trained.height || size.width !== trained.width) {
    return `A video of ${size.width * pixels}×${size.height * pixels} pixels cannot be made with ${name}: it has learned positions for ${trained.width * pixels}×${trained.height * pixels} only.`
  }
  if (size.frames !== trained.frames) {
    return `${size.frames} latent frames cannot be made with ${name}: it has learned positions for ${trained.frames} only, which are ${config.sample_frames} frames of video.`
  }
  return undefined
}

/** The rotary tables of 1.5 are cut out of the trained grid, so that no side may be longer than there. */
const refuseBeyondTable = (
  config: TransformerConfig,
  pixels: number,
  name: string,
  size: LatentSize,
): string | undefined => {
  if (!config.use_rotary_positional_embeddings || config.patch_size_t === null) return undefined
  const trained = trainedSize(config)
  for (const side of ["height", "width"] as const) {
    if (size[side] > trained[side]) {
      return `A ${side} of ${size[side] * pixels} pixels cannot be made with ${name}: its positions end at ${trained[side] * pixels}; the largest video is ${trained.width * pixels}×${trained.height * pixels} pixels.`
    }
  }
  return undefined
}
