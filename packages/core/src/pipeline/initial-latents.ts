import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { addNoise } from "../noise/noise-levels.ts"
import { componentName } from "../plugin/component-origin.ts"
import { exp } from "../random/elementary-functions.ts"
import type { Random } from "../random/random.ts"
import type { Denoiser, LatentSize } from "../services/denoiser.ts"
import { type EngineError, type ModelError, PipelineError, RequestError } from "../services/errors.ts"
import type { Guidance } from "../services/guidance.ts"
import { Inversion } from "../services/inversion.ts"
import { initialState, Sampler, type SamplerState } from "../services/sampler.ts"
import { type Posterior, VideoVae } from "../services/video-vae.ts"
import { type Latents, Tensor, type Video } from "../tensor/tensor.ts"
import { scale } from "../tensor/tensor-arithmetic.ts"
import { allFinite } from "../tensor/tensor-statistics.ts"
import { guarded, requireComponent } from "./component-error.ts"
import { editState } from "./edit.ts"
import type { RunTexts } from "./encode-text.ts"
import { invert, planInversion } from "./invert.ts"
import type { PipelineRequest } from "./pipeline-request.ts"
import { toPixels } from "./pixels.ts"
import type { GenerateEvent, Run } from "./run.ts"

/** The state that a run starts in and, for image-to-video, the image latents. */
export interface Start {
  readonly state: SamplerState
  readonly image: Latents | undefined
}

type InitialError = ModelError | EngineError | PipelineError

/** Makes the initial latents of a run, once its prompts are encoded: the events on the way, and at last the start. */
export type InitialLatents = (
  texts: RunTexts,
) => Stream.Stream<GenerateEvent | Started, InitialError, VideoVae | Denoiser | Guidance>

interface Started {
  readonly type: "started"
  readonly start: Start
}

/** The {@link InitialLatents} of a request; a {@link RequestError} where it needs an inversion and there is none. */
export const initialLatents: (
  request: PipelineRequest,
  run: Pick<Run, "plan" | "random">,
) => Effect.Effect<InitialLatents, RequestError, Sampler | VideoVae> = Effect.fnUntraced(function* (
  { image, video, latents, start = "noise" },
  { plan, random },
) {
  const { beginIndex } = plan
  const { latentChannels } = yield* VideoVae
  const { latents: size } = plan.size
  const shape = [1, size.frames, latentChannels, size.height, size.width] as const
  if (latents !== undefined && (latents.shape.join() !== shape.join() || !allFinite(latents.contiguous()))) {
    return yield* new RequestError({
      message: `The latents are [${latents.shape.join(", ")}], but this request needs [${shape.join(", ")}], all of them finite.`,
    })
  }
  /** Normal noise, in the order in which the reference draws it. */
  const noise = (): Latents =>
    latents?.copy() ??
    Tensor.from("batch frames channels height width", shape, random.normal(shape.reduce((a: number, b) => a * b)))

  if (video !== undefined && start === "inversion") {
    const sampler = yield* Sampler
    const inversion = planInversion(yield* requireComponent(Inversion, start, "inversion"), plan, sampler.process)
    return (texts: RunTexts) =>
      Stream.unwrap(
        Effect.map(cleanLatents(video, size, random), (clean) =>
          Stream.map(invert(inversion, clean, texts.source!, random), (item) =>
            item.type === "inverted" ? startAt(initialState(item.noise, beginIndex)) : item,
          ),
        ),
      )
  }
  const start_ = Effect.gen(function* () {
    if (video !== undefined) {
      const clean = yield* cleanLatents(video, size, random)
      if (start === "inversion-free") return startAt(editState(clean, beginIndex))
      // SDEdit, arXiv 2108.01073.
      return startAt(initialState(addNoise(clean, noise(), plan.schedule.levels[beginIndex]!), beginIndex))
    }
    // The image draws first.
    const imageLatents = image === undefined ? undefined : yield* latentsOfImage(image, size, random)
    const sample = noise()
    const { alpha, sigma } = plan.schedule.levels[0]!
    // Normal latents with normal noise have this deviation: 1 on diffusion, less where rectified flow starts below pure noise.
    const deviation = Math.fround(Math.sqrt(alpha * alpha + sigma * sigma))
    if (deviation !== 1) scale(sample, deviation)
    return startAt(initialState(sample), imageLatents)
  })
  return () => Stream.fromEffect(start_)
})

/** The start of a run that is resumed in a state. */
export const resumedLatents =
  (state: SamplerState, image: Latents | undefined): InitialLatents =>
  () =>
    Stream.succeed(startAt(state, image))

const startAt = (state: SamplerState, image?: Latents): Started => ({ type: "started", start: { state, image } })

/** The latents of a video, as the denoiser sees them. */
const cleanLatents = Effect.fnUntraced(function* (video: Video, size: LatentSize, random: Random) {
  const { scalingFactor } = yield* VideoVae
  const clean = yield* encode(video, size, random)
  scale(clean, scalingFactor)
  return clean
})

/** The latents of an image in the first frame, and zeros in the others. */
const latentsOfImage = Effect.fnUntraced(function* (
  image: Video,
  { frames, height, width }: LatentSize,
  random: Random,
) {
  const { latentChannels, imageScalingFactor } = yield* VideoVae
  const first = yield* encode(image, { frames: 1, height, width }, random)
  scale(first, imageScalingFactor)
  const latents = Tensor.zeros("batch frames channels height width", [1, frames, latentChannels, height, width])
  latents.values().set(first.values())
  return latents
})

/** A sample of the posterior of `video`, which has to be of `size`. (1, F, H, W, 3) → (1, f, C, h, w) */
const encode: (video: Video, size: LatentSize, random: Random) => Effect.Effect<Latents, InitialError, VideoVae> =
  Effect.fnUntraced(
    function* (video, size, random) {
      const vae = yield* VideoVae
      const component = componentName("VAE's encoder", vae)
      const posterior = yield* guarded(component, () => vae.encode(toPixels(video)))
      const wanted = [1, vae.latentChannels, size.frames, size.height, size.width].join(", ")
      for (const half of [posterior?.mean, posterior?.logVariance]) {
        const found = half?.shape?.join(", ")
        if (found === wanted) continue
        return yield* new PipelineError({
          message: `${component} gave ${found === undefined ? "nothing" : `latents of [${found}]`} for frames of [${video.shape.join(", ")}]: [${wanted}] is needed, as its own compression says.`,
        })
      }
      const latents = samplePosterior(posterior, random)
      if (!allFinite(latents)) {
        return yield* new PipelineError({
          message: `${component} gave values that are not finite for the ${size.frames === 1 ? "image" : "video"}: check that its weights are not damaged.`,
        })
      }
      return latents
    },
    (effect, video) => Effect.withSpan(effect, "auteur.encode", { attributes: { shape: video.shape.join("×") } }),
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
