import { LatentSpace, type LatentSpaceShape, ModelError, VideoVae, type Weights } from "@auteur/core"
import { Engine } from "@auteur/engine"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { checkTensors } from "./check-tensors.ts"
import { spatialCompression, type VaeConfig } from "./config.ts"
import { toPixels, toPosterior } from "./frames.ts"
import { refuseLatents, refuseVideo } from "./refuse-size.ts"
import { decodeCost, encodeCost } from "./region-cost.ts"
import { runRegions } from "./region-order.ts"
import { joinTiles, latentRegions, pixelRegions } from "./regions.ts"
import { decodedFrames, decodedTogether, encodedTogether, temporalChunks } from "./temporal-chunks.ts"
import { tileGrid, wholeGrid } from "./tiling.ts"

/** A VAE's checkpoint and how to run it. */
export interface VaeOptions {
  readonly config: VaeConfig
  readonly weights: Weights
  /**
   * Whether pictures larger than half of the size that the model was made for go through in overlapping tiles: less memory, slightly
   * other numbers. `auto` does so where a whole picture would take more than 8 GiB. Default false.
   */
  readonly tiling?: boolean | "auto"
  /** Over how many workers the frames are split; the numbers stay the same. Default 1. */
  readonly workers?: number
}

const wholePictureBytes = 8 * 2 ** 30

/**
 * The 3D causal VAE of CogVideoX as the pipeline's VAE.
 *
 * Fails with a {@link ModelError} when the checkpoint does not fit its config.
 */
export const layer = (options: VaeOptions): Layer.Layer<VideoVae | LatentSpace<"cogvideox">, ModelError, Engine> =>
  Layer.effectContext(
    Effect.map(make(options), (vae) =>
      Context.make(VideoVae, vae).pipe(Context.add(LatentSpace("cogvideox"), latentSpace(options.config))),
    ),
  )

const latentSpace = (config: VaeConfig): LatentSpaceShape => ({
  name: "cogvideox",
  channels: config.latent_channels,
  spatialCompression: spatialCompression(config),
  temporalCompression: config.temporal_compression_ratio,
})

const make: (options: VaeOptions) => Effect.Effect<VideoVae["Service"], ModelError, Engine | Scope.Scope> =
  Effect.fnUntraced(function* ({ config, weights, tiling = false, workers = 1 }) {
    if (!Number.isSafeInteger(workers) || workers < 1) {
      return yield* new ModelError({
        message: `The VAE cannot be split over ${workers} workers: give a whole number of at least 1.`,
      })
    }
    yield* checkTensors(config, weights)
    const model = yield* (yield* Engine).open(weights)
    const { channels, spatialCompression, temporalCompression } = latentSpace(config)

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
        yield* refuseVideo(config, video)
        const sides = [video.length("height"), video.length("width")].map((pixels) => pixels / spatialCompression)
        const grid = yield* gridFor(...(sides as [number, number]))
        const chunks = temporalChunks(video.length("frames"), encodedTogether)
        const outputs = yield* Stream.runCollect(runRegions(model, pixelRegions(config, grid, video), chunks, workers))
        return toPosterior(outputs.map((regions) => joinTiles(regions, grid, 1)))
      }),
      decode: (latents) =>
        Stream.unwrap(
          Effect.gen(function* () {
            yield* refuseLatents(config, latents)
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
  })
