import * as Effect from "effect/Effect"
import type { LatentSize } from "../services/denoiser.ts"
import { exp } from "../random/elementary-functions.ts"
import { type EngineError, type ModelError, PipelineError } from "../services/errors.ts"
import { addNoise } from "../noise/noise-levels.ts"
import { guarded } from "./component-error.ts"
import { componentName } from "../plugin/component-origin.ts"
import { toPixels } from "./pixels.ts"
import type { Random } from "../random/random.ts"
import type { RunPlan } from "./plan.ts"
import { type SamplerState, initialState } from "../services/sampler.ts"
import { type Latents, Tensor, type Video } from "../tensor/tensor.ts"
import { scale } from "../tensor/tensor-arithmetic.ts"
import { allFinite } from "../tensor/tensor-statistics.ts"
import { type Posterior, VideoVae } from "../services/video-vae.ts"

/** Where a run begins: the first state and, for image-to-video, the image latents. */
export interface Start {
  readonly state: SamplerState
  readonly image: Latents | undefined
}

type Begin = Effect.Effect<Start, ModelError | EngineError | PipelineError, VideoVae>

/** Text-to-video: pure noise, drawn or `given`, of the deviation that the first level has on its process. */
export const startFromNoise = (plan: RunPlan, random: Random, given: Latents | undefined): Begin =>
  VideoVae.useSync((vae) => {
    const noise = given === undefined ? drawNoise(plan.size.latents, vae.latentChannels, random) : copyOf(given)
    const { alpha, sigma } = plan.schedule.levels[0]!
    // Normal latents with normal noise have this deviation: 1 on diffusion, less where rectified flow begins below pure noise.
    const deviation = Math.fround(Math.sqrt(alpha * alpha + sigma * sigma))
    if (deviation !== 1) scale(noise, deviation)
    return { state: initialState(noise), image: undefined }
  })

/** Image-to-video: pure noise, beside the image's latents in the first frame and zeros in the others. The image draws first. */
export const startFromImage: (image: Video, plan: RunPlan, random: Random, given: Latents | undefined) => Begin =
  Effect.fnUntraced(function* (image, plan, random, given) {
    const vae = yield* VideoVae
    const { frames, height, width } = plan.size.latents
    const first = yield* encode(image, { frames: 1, height, width }, random)
    scale(first, vae.imageScalingFactor)
    const latents = Tensor.zeros("batch frames channels height width", [1, frames, vae.latentChannels, height, width])
    latents.values().set(first.values())
    const { state } = yield* startFromNoise(plan, random, given)
    return { state, image: latents }
  })

/** Video-to-video (SDEdit, arXiv 2108.01073): the video's latents with the noise of the level that the run begins at. */
export const startFromVideo: (video: Video, plan: RunPlan, random: Random) => Begin = Effect.fnUntraced(function* (
  video,
  { size: { latents }, schedule, beginIndex },
  random,
) {
  const vae = yield* VideoVae
  const clean = yield* cleanLatents(video, latents, random)
  const noise = drawNoise(latents, vae.latentChannels, random)
  return { state: initialState(addNoise(clean, noise, schedule.levels[beginIndex]!), beginIndex), image: undefined }
})

/** A video's own latents, as the denoiser sees them. */
export const cleanLatents: (
  video: Video,
  size: LatentSize,
  random: Random,
) => Effect.Effect<Latents, ModelError | EngineError | PipelineError, VideoVae> = Effect.fnUntraced(
  function* (video, size, random) {
    const { scalingFactor } = yield* VideoVae
    const clean = yield* encode(video, size, random)
    scale(clean, scalingFactor)
    return clean
  },
)

const copyOf = (latents: Latents): Latents =>
  Tensor.from("batch frames channels height width", latents.shape, latents.contiguous().values().slice())

/** Noise in the order in which the reference draws it. (1, F, C, h, w) */
const drawNoise = ({ frames, height, width }: LatentSize, channels: number, random: Random): Latents =>
  Tensor.from(
    "batch frames channels height width",
    [1, frames, channels, height, width],
    random.normal(frames * channels * height * width),
  )

/** A sample of the posterior of `video`, which has to be of `size`. (1, F, H, W, 3) → (1, f, C, h, w) */
const encode: (
  video: Video,
  size: LatentSize,
  random: Random,
) => Effect.Effect<Latents, ModelError | EngineError | PipelineError, VideoVae> = Effect.fnUntraced(
  function* (video, size, random) {
    const vae = yield* VideoVae
    const part = componentName("VAE's encoder", vae)
    const posterior = yield* guarded(part, () => vae.encode(toPixels(video)))
    const wanted = [1, vae.latentChannels, size.frames, size.height, size.width].join(", ")
    for (const half of [posterior?.mean, posterior?.logVariance]) {
      const found = half?.shape?.join(", ")
      if (found === wanted) continue
      return yield* new PipelineError({
        message: `${part} made ${found === undefined ? "nothing" : `latents of [${found}]`} of frames of [${video.shape.join(", ")}], but [${wanted}] is needed: it does not keep to its own compression.`,
      })
    }
    const latents = samplePosterior(posterior, random)
    if (!allFinite(latents)) {
      return yield* new PipelineError({
        message: `${part} made values that are not finite of the ${size.frames === 1 ? "image" : "video"}: check that its weights are not damaged.`,
      })
    }
    return latents
  },
)

/** The noise is drawn with channels before frames. (B, C, F, h, w) → (B, F, C, h, w) */
const samplePosterior = ({ mean, logVariance }: Posterior, random: Random): Latents => {
  const [m, l] = [mean.contiguous().values(), logVariance.contiguous().values()]
  const noise = random.normal(m.length)
  const data = new Float32Array(m.length)
  for (let i = 0; i < data.length; i++) data[i] = m[i]! + Math.fround(exp(0.5 * l[i]!)) * noise[i]!
  return Tensor.from("batch channels frames height width", mean.shape, data)
    .permute("batch frames channels height width")
    .contiguous()
}
