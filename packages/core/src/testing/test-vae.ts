import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { LatentSize } from "../services/denoiser.ts"
import { latentSpaces } from "../services/latent-space.ts"
import { latentFrames } from "../pipeline/latent-size.ts"
import { Random } from "../random/random.ts"
import { type Latents, Tensor } from "../tensor/tensor.ts"
import { allFinite } from "../tensor/tensor-statistics.ts"
import { type Pixels, VideoVae, type VideoVaeShape } from "../services/video-vae.ts"
import { checkCost, type Check, checksOf, demand } from "./check.ts"
import { isSame, normalLatents, watch, softSign } from "./latents.ts"
import type * as Layer from "effect/Layer"

export interface VaeTestOptions {
  /** Lengths to try, in latent frames. Default 1, 2, 3 and 5. */
  readonly frames?: ReadonlyArray<number>
  /** Height and width to try, in latents. Default 2 and 3. */
  readonly size?: Omit<LatentSize, "frames">
}

/**
 * The laws of a VAE; see {@link testSampler} for how they are run.
 *
 * It takes the layer, since that is what declares the latent space.
 */
export const testVae = <Provides>(
  layer: Layer.Layer<Provides | VideoVae, unknown>,
  { frames = [1, 2, 3, 5], size: { height, width } = { height: 2, width: 3 } }: VaeTestOptions = {},
): ReadonlyArray<Check> => {
  const latentsOf = ({ latentChannels }: VideoVaeShape, count: number): Latents =>
    normalLatents(Random.torch(count), [1, count, latentChannels, height, width])
  const videoOf = ({ spatialCompression }: VideoVaeShape, count: number): Pixels => {
    const shape = [1, 3, count, height * spatialCompression, width * spatialCompression] as const
    const values = Random.torch(count).normal(shape.reduce((product: number, length) => product * length, 1))
    return Tensor.from("batch channels frames height width", shape, Float32Array.from(values, softSign))
  }
  const decode = (vae: VideoVaeShape, latents: Latents) => Stream.runCollect(vae.decode(latents))

  return checksOf(VideoVae, layer as Layer.Layer<VideoVae, unknown>, {
    "declares its latent space, with the numbers that it has itself": (vae, context) => {
      const spaces = latentSpaces(context)
      demand(spaces.length > 0, 'Its layer provides no LatentSpace("…"): a network could not tell that it fits.')
      for (const { name, channels, spatialCompression, temporalCompression } of spaces) {
        demand(
          channels === vae.latentChannels &&
            spatialCompression === vae.spatialCompression &&
            temporalCompression === vae.temporalCompression,
          `The latent space "${name}" has other numbers of channels or compression than the VAE itself.`,
        )
      }
    },
    "has numbers that can be used": (vae) => {
      for (const name of ["latentChannels", "spatialCompression", "temporalCompression"] as const) {
        demand(
          Number.isSafeInteger(vae[name]) && vae[name] > 0,
          `Its ${name} is ${vae[name]}: a whole number from 1 is needed.`,
        )
      }
      for (const name of ["scalingFactor", "imageScalingFactor"] as const) {
        demand(
          Number.isFinite(vae[name]) && vae[name] !== 0,
          `Its ${name} is ${vae[name]}: a number other than 0 is needed.`,
        )
      }
    },
    "decodes to as many frames as it says, of the size that its compression gives, all finite": (vae) =>
      Effect.gen(function* () {
        for (const count of frames) {
          const chunks = yield* decode(vae, latentsOf(vae, count))
          const wanted = [height * vae.spatialCompression, width * vae.spatialCompression]
          for (const chunk of chunks) {
            const [batch, channels, , h, w] = chunk.shape
            demand(
              batch === 1 && channels === 3 && h === wanted[0] && w === wanted[1],
              `A chunk of [${chunk.shape.join(", ")}] comes out: [1, 3, frames, ${wanted.join(", ")}] is needed.`,
            )
            demand(allFinite(chunk), `${count} latent frames decode to values that are not finite.`)
          }
          const decoded = chunks.reduce((sum, chunk) => sum + chunk.length("frames"), 0)
          demand(
            decoded === vae.decodedFrames(count),
            `${count} latent frames decode to ${decoded} frames, but decodedFrames(${count}) is ${vae.decodedFrames(count)}.`,
          )
        }
      }),
    "gives its chunks in order": (vae) =>
      Effect.gen(function* () {
        const count = Math.max(...frames)
        if (count < 2) return
        const latents = latentsOf(vae, count)
        const plain = framesOf(yield* decode(vae, latents))
        // A change of the last latent frame has to show more at the end than at the beginning, and one of the first the other way.
        for (const [changed, near, far] of [
          [count - 1, plain.length - 1, 0],
          [0, 0, plain.length - 1],
        ] as const) {
          const other = framesOf(yield* decode(vae, withChanged(latents, changed)))
          const [shows, hardly] = [near, far].map((at) => meanDistance(plain[at]!, other[at]!)) as [number, number]
          demand(
            shows > hardly,
            `A change of latent frame ${changed + 1} of ${count} shows more in frame ${far + 1} than in frame ${near + 1}: are the chunks in order?`,
          )
        }
      }),
    "encodes videos of the lengths that it decodes to, back to as many latent frames": (vae) =>
      Effect.gen(function* () {
        for (const count of frames) {
          const length = vae.decodedFrames(count)
          demand(
            latentFrames(length, vae.temporalCompression) === count,
            `${count} latent frames decode to ${length} frames, which its temporal compression of ${vae.temporalCompression} makes ${latentFrames(length, vae.temporalCompression)} of.`,
          )
          const { mean, logVariance } = yield* vae.encode(videoOf(vae, length))
          const wanted = [1, vae.latentChannels, count, height, width].join(", ")
          for (const tensor of [mean, logVariance]) {
            demand(
              tensor.shape.join(", ") === wanted,
              `A video of ${length} frames is encoded to [${tensor.shape.join(", ")}]: [${wanted}] is needed.`,
            )
            demand(
              allFinite(tensor.contiguous()),
              `A video of ${length} frames is encoded to values that are not finite.`,
            )
          }
        }
      }),
    "gives the same bits for the same video and the same latents, and leaves them alone": (vae) =>
      Effect.gen(function* () {
        const count = frames.at(-1)!
        const [latents, video] = [latentsOf(vae, count), videoOf(vae, vae.decodedFrames(count))]
        const isUnchanged = watch([latents, video])
        const [first, again] = [framesOf(yield* decode(vae, latents)), framesOf(yield* decode(vae, latents))]
        demand(
          first.every((frame, i) => isSame(frame, again[i]!)),
          "The same latents decode to other bits the second time.",
        )
        const [one, two] = [yield* vae.encode(video), yield* vae.encode(video)]
        demand(
          isSame(one.mean.contiguous(), two.mean.contiguous()) &&
            isSame(one.logVariance.contiguous(), two.logVariance.contiguous()),
          "The same video is encoded to other bits the second time.",
        )
        demand(isUnchanged(), "It writes into a tensor that it was given.")
      }),
    "says what it takes": (vae) =>
      Effect.gen(function* () {
        for (const count of frames) {
          checkCost(yield* vae.decodeCost({ frames: count, height, width }), `decoding ${count} latent frames`)
          const pixels = { height: height * vae.spatialCompression, width: width * vae.spatialCompression }
          const length = vae.decodedFrames(count)
          checkCost(yield* vae.encodeCost({ frames: length, ...pixels }), `encoding ${length} frames`)
        }
      }),
  })
}

/** The frames of chunks, one by one. (1, 3, 1, H, W) */
const framesOf = (chunks: ReadonlyArray<Pixels>): ReadonlyArray<Pixels> =>
  chunks.flatMap((chunk) =>
    Array.from({ length: chunk.length("frames") }, (_, i) => chunk.slice("frames", i, i + 1).contiguous()),
  )

const withChanged = (latents: Latents, frame: number): Latents => {
  const values = latents.values().slice()
  const length = values.length / latents.length("frames")
  for (let i = frame * length; i < (frame + 1) * length; i++) values[i] = -values[i]!
  return Tensor.from(latents.layout, latents.shape, values)
}

const meanDistance = (a: Pixels, b: Pixels): number => {
  const other = b.values()
  return a.values().reduce((sum, x, i) => sum + Math.abs(x - other[i]!), 0) / a.size
}
