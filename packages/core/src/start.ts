import * as Effect from "effect/Effect"
import type { Denoiser, LatentSize } from "./denoiser.ts"
import { type EngineError, type ModelError, RequestError } from "./errors.ts"
import type { LatentPlan } from "./legal-size.ts"
import { addNoise } from "./noise-levels.ts"
import { toPixels } from "./pixels.ts"
import type { Random } from "./random.ts"
import type { GenerateRequest } from "./request.ts"
import { Sampler, type SamplerState, samplerStart } from "./sampler.ts"
import { type Latents, Tensor, type Video } from "./tensor.ts"
import { scale } from "./tensor-arithmetic.ts"
import { type Posterior, VideoVae } from "./video-vae.ts"

/** Where a run begins: the first state and, for image-to-video, the image latents. */
export interface Start {
  readonly state: SamplerState
  readonly image: Latents | undefined
}

type Begin = Effect.Effect<Start, RequestError | ModelError | EngineError, VideoVae | Denoiser | Sampler>

/** Text-to-video: pure noise. */
export const startFromNoise = (plan: LatentPlan, random: Random): Begin =>
  VideoVae.useSync((vae) => ({
    state: samplerStart(drawNoise(plan.size, vae.latentChannels, random)),
    image: undefined,
  }))

/** Image-to-video: pure noise, beside the image's latents in the first frame and zeros in the others. The image draws first. */
export const startFromImage: (image: Video, plan: LatentPlan, random: Random) => Begin = Effect.fnUntraced(function* (
  image,
  plan,
  random,
) {
  const vae = yield* VideoVae
  const posterior = yield* vae.encode(toPixels(image))
  const first = samplePosterior(posterior, random)
  scale(first, vae.imageScalingFactor)
  const { frames, height, width } = plan.size
  const latents = Tensor.zeros("batch frames channels height width", [1, frames, vae.latentChannels, height, width])
  latents.values().set(first.values())
  const { state } = yield* startFromNoise(plan, random)
  return { state, image: latents }
})

/** Video-to-video (SDEdit, arXiv 2108.01073): the video's latents with the noise of the step that `strength` asks for. */
export const startFromVideo: (
  request: GenerateRequest,
  video: Video,
  plan: LatentPlan,
  random: Random,
) => Begin = Effect.fnUntraced(function* (request, video, { size }, random) {
  const vae = yield* VideoVae
  const sampler = yield* Sampler
  const strength = request.strength ?? 0.8
  if (!(strength >= 0 && strength <= 1)) {
    return yield* new RequestError({ message: `A strength of ${strength} is not between 0 and 1.` })
  }
  const { levels } = sampler.plan(request.steps)
  const steps = Math.min(Math.floor(request.steps * strength), request.steps)
  if (steps < 1) {
    return yield* new RequestError({
      message: `A strength of ${strength} leaves none of ${request.steps} steps to do: give at least ${1 / request.steps}.`,
    })
  }
  const begin = levels.length - Math.round((steps * levels.length) / request.steps)
  const clean = samplePosterior(yield* vae.encode(toPixels(video)), random)
  scale(clean, vae.scalingFactor)
  const noise = drawNoise(size, vae.latentChannels, random)
  const state = samplerStart(addNoise(clean, noise, levels[begin]!), begin)
  return { state, image: undefined }
})

/** Noise in the order in which the reference draws it. (1, F, C, h, w) */
const drawNoise = ({ frames, height, width }: LatentSize, channels: number, random: Random): Latents =>
  Tensor.from(
    "batch frames channels height width",
    [1, frames, channels, height, width],
    random.normal(frames * channels * height * width),
  )

/** A sample of the posterior; the noise is drawn with channels before frames. (B, C, F, h, w) → (B, F, C, h, w) */
const samplePosterior = ({ mean, logVariance }: Posterior, random: Random): Latents => {
  const [m, l] = [mean.values(), logVariance.values()]
  const noise = random.normal(m.length)
  const data = new Float32Array(m.length)
  for (let i = 0; i < data.length; i++) data[i] = m[i]! + Math.fround(Math.exp(0.5 * l[i]!)) * noise[i]!
  return Tensor.from("batch channels frames height width", mean.shape, data)
    .permute("batch frames channels height width")
    .contiguous()
}
