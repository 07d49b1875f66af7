import { temporalLevels, type VaeConfig } from "./config.ts"
import type { ChunkPlace } from "./conv-cache.ts"
import { upsampledFrames } from "./upsample3d.ts"

/** Frames `start` to `end` (exclusive), which go through the encoder or the decoder together. */
export interface Chunk extends ChunkPlace {
  readonly index: number
  readonly start: number
  readonly end: number
}

/** Frames of video that are encoded together. Norms span a chunk, so that these numbers are part of the model. */
export const encodedTogether = 8

/** Latent frames that are decoded together. */
export const decodedTogether = 2

/** Cuts `frames` into chunks of `size`; the remainder goes into the first one. */
export const temporalChunks = (frames: number, size: number): ReadonlyArray<Chunk> => {
  const count = Math.max(Math.floor(frames / size), 1)
  const over = frames % size
  return Array.from({ length: count }, (_, index) => ({
    index,
    start: index === 0 ? 0 : size * index + over,
    end: Math.min(size * (index + 1) + over, frames),
    first: index === 0,
    // Of three or more the last one hands on too, though nothing takes it: so it is the same program as the one before it.
    handsOn: index < count - 1 || count > 2,
  }))
}

/** The number of frames that latent frames decode to: each chunk by itself, the first of an odd number not doubled. */
export const decodedFrames = (config: VaeConfig, latentFrames: number): number => {
  const upsampled = (frames: number): number => {
    let result = frames
    for (let level = 0; level < temporalLevels(config); level++) result = upsampledFrames(result)
    return result
  }
  const count = Math.max(Math.floor(latentFrames / decodedTogether), 1)
  const first = Math.min(decodedTogether + (latentFrames % decodedTogether), latentFrames)
  return upsampled(first) + (count - 1) * upsampled(decodedTogether)
}
