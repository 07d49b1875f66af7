import { type Latents, type LatentSpaceShape, type Pixels, Tensor, type VideoVaeShape } from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

const side = 4
const channels = 3 * side * side

/** Pixels themselves, each square of 4×4 of them in one position. */
export const pixelSpace: LatentSpaceShape = {
  name: "pixels",
  channels,
  spatialCompression: side,
  temporalCompression: 1,
}

/** Where a pixel's value lies among the latents: the index of (channel, y, x) in a frame, to its channel and position. */
const placeOf = (channel: number, y: number, x: number, width: number, height: number): number => {
  const at = (channel * side + (y % side)) * side + (x % side)
  return (at * (height / side) + Math.floor(y / side)) * (width / side) + Math.floor(x / side)
}

/** Moves each value of a frame to or from its place. */
const move = (height: number, width: number, each: (pixel: number, latent: number) => void): void => {
  let pixel = 0
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) each(pixel++, placeOf(channel, y, x, width, height))
    }
  }
}

/** (1, 3, F, H, W) → (1, 48, F, H/4, W/4) */
const toDepth = (video: Pixels): Tensor<"batch channels frames height width"> => {
  const [, , frames, height, width] = video.shape
  const out = Tensor.zeros("batch frames channels height width", [1, frames, channels, height / side, width / side])
  const from = video.permute("batch frames channels height width").contiguous().values()
  const area = 3 * height * width
  for (let frame = 0; frame < frames; frame++) {
    move(height, width, (pixel, latent) => {
      out.data[frame * area + latent] = from[frame * area + pixel]!
    })
  }
  return out.permute("batch channels frames height width").contiguous()
}

/** (1, 1, 48, h, w) → (1, 3, 1, 4h, 4w) */
const toPixels = (latents: Latents): Pixels => {
  const [height, width] = [side * latents.length("height"), side * latents.length("width")]
  const pixels = Tensor.zeros("batch channels frames height width", [1, 3, 1, height, width])
  const from = latents.values()
  move(height, width, (pixel, latent) => {
    pixels.data[pixel] = from[latent]!
  })
  return pixels
}

/** A VAE without weights: nothing is lost, and each frame stands for itself. */
export const pixelVae: VideoVaeShape = {
  latentChannels: channels,
  spatialCompression: side,
  temporalCompression: 1,
  scalingFactor: 1,
  imageScalingFactor: 1,
  decodedFrames: (latentFrames) => latentFrames,
  encode: (video) =>
    Effect.sync(() => {
      const mean = toDepth(video)
      return { mean, logVariance: Tensor.from(mean.layout, mean.shape, new Float32Array(mean.size).fill(-30)) }
    }),
  // A frame at a time, so that the first can be written while the others are made.
  decode: (latents) =>
    Stream.map(Stream.range(0, latents.length("frames") - 1), (frame) =>
      toPixels(latents.slice("frames", frame, frame + 1).contiguous()),
    ),
  decodeCost: ({ frames, height, width }) => Effect.succeed(moving(frames * height * width * channels)),
  encodeCost: ({ frames, height, width }) => Effect.succeed(moving(3 * frames * height * width)),
}

/** Float32 values, read and written once. */
const moving = (values: number) => ({ flops: 0, weightBytes: 0, activationBytes: 4 * values, bytesMoved: 8 * values })
