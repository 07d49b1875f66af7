import {
  EngineError,
  type Latents,
  LatentSpace,
  type LatentSpaceShape,
  ModelError,
  type Pixels,
  type Posterior,
  Tensor,
  VideoVae,
  type Weights,
} from "@auteur/core"
import { checkWeights, Engine, type HostTensor, type Model } from "@auteur/engine"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { spatialCompression, type VaeConfig } from "./config.ts"
import { runRegions } from "./context-parallel.ts"
import { decodeCost, encodeCost } from "./cost.ts"
import { decoder3d } from "./decoder3d.ts"
import { encoder3d } from "./encoder3d.ts"
import { networkProgram } from "./network.ts"
import { decodedFrames, decodedTogether, encodedTogether, temporalChunks } from "./temporal-chunks.ts"
import { joinTiles, latentRegions, pixelRegions, tileGrid, wholeGrid } from "./tiled.ts"

/** A VAE's checkpoint. */
export interface VaeCheckpoint {
  readonly config: VaeConfig
  readonly weights: Weights
}

/** How a VAE runs; each request may choose. */
export interface VaeOptions {
  /**
   * Whether pictures larger than half of the size that the model was made for go through in overlapping tiles: less memory, slightly
   * other numbers. `auto` does so where a whole picture would take more than 8 GiB. Default false.
   */
  readonly tiling?: boolean | "auto" | undefined
  /** The number of workers that the frames are split over; the numbers stay the same. Default 1. */
  readonly vaeWorkers?: number | undefined
}

/** A VAE that is open: makes the pipeline's VAE for the options of a request, over the same weights and sessions. */
export type OpenVae = (options?: VaeOptions) => Effect.Effect<VideoVae["Service"], ModelError>

const wholePictureBytes = 8 * 2 ** 30

/**
 * The 3D causal VAE of CogVideoX as the pipeline's VAE, with the same options for every request.
 *
 * Fails with a {@link ModelError} when the checkpoint does not fit its config.
 */
export const layer = (
  options: VaeCheckpoint & VaeOptions,
): Layer.Layer<VideoVae | LatentSpace<"cogvideox">, ModelError, Engine> =>
  Layer.effectContext(
    Effect.map(
      Effect.flatMap(openVae(options), (open) => open(options)),
      (vae) => Context.make(VideoVae, vae).pipe(Context.add(LatentSpace("cogvideox"), latentSpaceOf(options.config))),
    ),
  )

/** The latent space of a VAE. */
export const latentSpaceOf = (config: VaeConfig): LatentSpaceShape => ({
  name: "cogvideox",
  channels: config.latent_channels,
  spatialCompression: spatialCompression(config),
  temporalCompression: config.temporal_compression_ratio,
})

/**
 * Opens the 3D causal VAE of CogVideoX once for requests of different options.
 *
 * Fails with a {@link ModelError} when the checkpoint does not fit its config.
 */
export const openVae: (checkpoint: VaeCheckpoint) => Effect.Effect<OpenVae, ModelError, Engine | Scope.Scope> =
  Effect.fnUntraced(function* ({ config, weights }) {
    yield* checkTensors(config, weights)
    const model = yield* (yield* Engine).open(weights)
    return ({ tiling = false, vaeWorkers = 1 } = {}) =>
      Number.isSafeInteger(vaeWorkers) && vaeWorkers >= 1
        ? Effect.succeed(videoVae(model, config, tiling, vaeWorkers))
        : Effect.fail(
            new ModelError({
              message: `The VAE cannot be split over ${vaeWorkers} workers: give "vaeWorkers" a whole number from 1.`,
            }),
          )
  })

const videoVae = (model: Model, config: VaeConfig, tiling: boolean | "auto", workers: number): VideoVae["Service"] => {
  const { channels, spatialCompression, temporalCompression } = latentSpaceOf(config)

  const gridFor = Effect.fnUntraced(function* (height: number, width: number) {
    if (tiling === false) return wholeGrid(height, width)
    if (tiling === true) return tileGrid(config, height, width)
    const whole = yield* decodeCost(model, config, decodedTogether, wholeGrid(height, width), 1)
    return whole.activationBytes > wholePictureBytes ? tileGrid(config, height, width) : wholeGrid(height, width)
  })

  return VideoVae.of({
    latentChannels: channels,
    spatialCompression,
    temporalCompression,
    scalingFactor: config.scaling_factor,
    imageScalingFactor: config.invert_scale_latents ? 1 / config.scaling_factor : config.scaling_factor,
    decodedFrames: (latentFrames) => decodedFrames(config, latentFrames),
    encode: Effect.fnUntraced(function* (video) {
      yield* checkVideo(config, video)
      const grid = yield* gridFor(
        video.length("height") / spatialCompression,
        video.length("width") / spatialCompression,
      )
      const chunks = temporalChunks(video.length("frames"), encodedTogether)
      const outputs = yield* Stream.runCollect(runRegions(model, pixelRegions(config, grid, video), chunks, workers))
      return toPosterior(outputs.map((regions) => joinTiles(regions, grid, 1)))
    }),
    decode: (latents) =>
      Stream.unwrap(
        Effect.gen(function* () {
          yield* checkLatents(config, latents)
          const grid = yield* gridFor(latents.length("height"), latents.length("width"))
          const chunks = temporalChunks(latents.length("frames"), decodedTogether)
          return runRegions(model, latentRegions(config, grid, latents), chunks, workers).pipe(
            Stream.map((regions) => toPixels(joinTiles(regions, grid, spatialCompression))),
          )
        }),
      ),
    decodeCost: Effect.fnUntraced(function* ({ frames, height, width }, inTiles = false) {
      const grid = inTiles ? tileGrid(config, height, width) : yield* gridFor(height, width)
      return yield* decodeCost(model, config, frames, grid, workers)
    }),
    encodeCost: Effect.fnUntraced(function* ({ frames, height, width }) {
      const grid = yield* gridFor(height / spatialCompression, width / spatialCompression)
      return yield* encodeCost(model, config, frames, grid, workers)
    }),
  })
}

/** Holds a checkpoint against its config without running it; the {@link ModelError} names the first tensor that does not fit. */
export const checkTensors = (config: VaeConfig, weights: Weights): Effect.Effect<void, ModelError> => {
  const side = spatialCompression(config)
  // The smallest size reads the same tensors as any other.
  const networks = [encoder3d(config, 1, side, side), decoder3d(config, 1, 1, 1)]
  const programs = networks.map((network) => networkProgram(network, { first: true, handsOn: false }))
  return checkWeights("VAE", programs, weights)
}

/** Fails when a video cannot be encoded: other channels, no frames, or sides that are not whole latent positions. */
const checkVideo = (config: VaeConfig, video: Pixels): Effect.Effect<void, EngineError> => {
  const multiple = spatialCompression(config)
  const [height, width] = [video.length("height"), video.length("width")]
  const fits = (pixels: number) => pixels > 0 && pixels % multiple === 0
  if (!fits(height) || !fits(width)) {
    return refuse(`a video of ${width}×${height} pixels: height and width must be multiples of ${multiple}`)
  }
  return checkCounts("video", video, config.in_channels)
}

/** Fails when latents cannot be decoded. */
const checkLatents = (config: VaeConfig, latents: Latents): Effect.Effect<void, EngineError> =>
  latents.length("height") === 0 || latents.length("width") === 0
    ? refuse("latents without height or width")
    : checkCounts("latents", latents, config.latent_channels)

const checkCounts = (
  name: string,
  tensor: { readonly length: (axis: "batch" | "frames" | "channels") => number },
  channels: number,
): Effect.Effect<void, EngineError> => {
  if (tensor.length("channels") !== channels) {
    return refuse(`${name} with ${tensor.length("channels")} channels: it has ${channels}`)
  }
  if (tensor.length("frames") === 0 || tensor.length("batch") === 0) return refuse(`${name} without frames`)
  return Effect.void
}

const refuse = (what: string) => Effect.fail(new EngineError({ message: `The VAE cannot take ${what}.` }))

const axes = "batch channels frames height width"

/** Batch elements, each (1, C, T, H, W), as one tensor. */
const toPixels = (elements: ReadonlyArray<HostTensor>): Pixels => {
  const [, ...shape] = elements[0]!.shape as [number, number, number, number, number]
  if (elements.length === 1) return Tensor.from(axes, [1, ...shape], elements[0]!.data as Float32Array)
  const size = elements[0]!.data.length
  const data = new Float32Array(elements.length * size)
  for (const [i, element] of elements.entries()) data.set(element.data as Float32Array, i * size)
  return Tensor.from(axes, [elements.length, ...shape], data)
}

/** The encoder's results for each chunk and batch element, (1, 2·Z, t, h, w), as one Gaussian; log variances are kept in −30…20. */
const toPosterior = (chunks: ReadonlyArray<ReadonlyArray<HostTensor>>): Posterior => {
  const [, both, , height, width] = chunks[0]![0]!.shape as [number, number, number, number, number]
  const frames = chunks.reduce((sum, chunk) => sum + chunk[0]!.shape[2]!, 0)
  const moments = Tensor.zeros(axes, [chunks[0]!.length, both, frames, height, width])
  const area = height * width
  let start = 0
  for (const chunk of chunks) {
    const length = chunk[0]!.shape[2]! * area
    for (const [element, { data }] of chunk.entries()) {
      for (let channel = 0; channel < both; channel++) {
        const values = (data as Float32Array).subarray(channel * length, (channel + 1) * length)
        moments.data.set(values, (element * both + channel) * frames * area + start)
      }
    }
    start += length
  }
  const logVariance = moments.slice("channels", both / 2, both).contiguous()
  for (const [i, x] of logVariance.data.entries()) logVariance.data[i] = Math.min(Math.max(x, -30), 20)
  return { mean: moments.slice("channels", 0, both / 2).contiguous(), logVariance }
}
