import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { LatentSize } from "./denoiser.ts"
import type { EngineError, ModelError } from "./errors.ts"
import type { Cost } from "./cost.ts"
import type { Latents, Tensor } from "../tensor/tensor.ts"

/** Pixels in −1…1. */
export type Pixels = Tensor<"batch channels frames height width">

/** A diagonal Gaussian over unscaled latents. */
export interface Posterior {
  readonly mean: Tensor<"batch channels frames height width">
  readonly logVariance: Tensor<"batch channels frames height width">
}

/** Compresses videos to latents and back. */
export interface VideoVaeShape {
  readonly latentChannels: number
  readonly spatialCompression: number
  readonly temporalCompression: number
  /** Latents that the denoiser sees are the posterior's sample times this. */
  readonly scalingFactor: number
  /** The factor for the image latents of image-to-video (`invert_scale_latents` inverts it). */
  readonly imageScalingFactor: number
  readonly encode: (video: Pixels) => Effect.Effect<Posterior, EngineError | ModelError>
  /** Decodes scaled latents; frames come out in chunks, in order, values near −1…1. */
  readonly decode: (latents: Latents) => Stream.Stream<Pixels, EngineError | ModelError>
  /** Frames that `latentFrames` latent frames decode to. */
  readonly decodedFrames: (latentFrames: number) => number
  /** The cost of decoding latents; with `inTiles` the cost if the VAE worked in tiles. */
  readonly decodeCost: (size: LatentSize, inTiles?: boolean) => Effect.Effect<Cost, ModelError>
  /** The cost of encoding a video of so many frames and pixels. */
  readonly encodeCost: (video: {
    readonly frames: number
    readonly height: number
    readonly width: number
  }) => Effect.Effect<Cost, ModelError>
}

const VideoVaeBase: Context.ServiceClass<VideoVae, "@auteur/core/VideoVae", VideoVaeShape> = Context.Service<
  VideoVae,
  VideoVaeShape
>()("@auteur/core/VideoVae")
export class VideoVae extends VideoVaeBase {}
