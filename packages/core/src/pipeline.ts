import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Checkpoint } from "./checkpoint.ts"
import { Denoiser } from "./denoiser.ts"
import { CheckpointError, type EngineError, type ModelError, PipelineError, RequestError } from "./errors.ts"
import { refuseWhatDoesNotFit } from "./estimate.ts"
import type { GenerateEvent } from "./events.ts"
import { Guidance } from "./guidance.ts"
import { type LatentPlan, planLatents } from "./legal-size.ts"
import { matchLevel, sameProcess } from "./noise-levels.ts"
import type { Prediction } from "./noise-process.ts"
import { toVideo } from "./pixels.ts"
import { Random } from "./random.ts"
import type { GenerateRequest } from "./request.ts"
import { type Plan, Sampler, type SamplerState } from "./sampler.ts"
import { type Start, startFromImage, startFromNoise, startFromVideo } from "./start.ts"
import type { Latents, Video } from "./tensor.ts"
import { concat, linearCombination } from "./tensor-arithmetic.ts"
import { allFinite } from "./tensor-statistics.ts"
import { type TextEmbeddings, TextEncoder } from "./text-encoder.ts"
import { type Pixels, VideoVae } from "./video-vae.ts"

export type GenerateError = RequestError | ModelError | EngineError | PipelineError | CheckpointError

type Parts = TextEncoder | Denoiser | VideoVae | Sampler | Guidance

/**
 * Makes a video: encodes the prompt, walks from noise to clean latents, decodes them. Work is done as events are pulled, so an
 * interrupted or abandoned stream stops at the next step boundary at the latest, and a consumer that saves the checkpoint of
 * each `step-end` has it before the next step, or the decoding, starts.
 */
export const generate = (request: GenerateRequest): Stream.Stream<GenerateEvent, GenerateError, Parts> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const plan = yield* check(request)
      const random = Random.torch(request.seed)
      const start = Effect.suspend(() => {
        if (request.video !== undefined) return startFromVideo(request, request.video, plan, random)
        if (request.image !== undefined) return startFromImage(request.image, plan, random)
        return startFromNoise(plan, random)
      })
      return run(request, plan, random, start)
    }),
  )

/** Continues a run after the step that the checkpoint was made at, bit for bit as if it had not stopped. */
export const resume = (checkpoint: Checkpoint): Stream.Stream<GenerateEvent, GenerateError, Parts> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const denoiser = yield* Denoiser
      const sampler = yield* Sampler
      for (const [part, made, present] of [
        ["model", checkpoint.denoiser, denoiser.name],
        ["sampler", checkpoint.sampler, sampler.name],
      ] as const) {
        if (made !== present) {
          return yield* new CheckpointError({
            message: `The checkpoint was made with the ${part} "${made}" and cannot be continued with "${present}": choose the same ${part}.`,
          })
        }
      }
      const plan = yield* checkSize(checkpoint.request)
      const random = Random.restore(checkpoint.random)
      const sizes = [1, plan.size.frames, checkpoint.state.sample.length("channels"), plan.size.height, plan.size.width]
      if (checkpoint.state.sample.shape.join() !== sizes.join() || checkpoint.state.index > checkpoint.request.steps * 2) {
        return yield* new CheckpointError({
          message: `The checkpoint's latents [${checkpoint.state.sample.shape.join(", ")}] do not belong to its request, which needs [${sizes.join(", ")}]: it is damaged, start again without it.`,
        })
      }
      return run(
        checkpoint.request,
        plan,
        random,
        Effect.succeed({ state: checkpoint.state, image: checkpoint.image }),
      )
    }),
  )

const run = <E>(
  request: GenerateRequest,
  plan: LatentPlan,
  random: Random,
  start: Effect.Effect<Start, E, VideoVae | Denoiser | Sampler>,
): Stream.Stream<GenerateEvent, GenerateError | E, Parts> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { texts, truncated } = yield* encodeTexts(request)
      const textEnd: GenerateEvent = { type: "text-end", truncated }
      return Stream.concat(Stream.succeed(textEnd), Stream.unwrap(Effect.map(start, (at) => walk(request, plan, random, texts, at))))
    }),
  )

const encodeTexts = Effect.fnUntraced(function* (request: GenerateRequest) {
  const textEncoder = yield* TextEncoder
  const guidance = yield* Guidance
  const prompt = yield* textEncoder.encode(request.prompt)
  const texts = [prompt.embeddings]
  if (guidance.usesUnconditional(request.guidance)) {
    texts.push((yield* textEncoder.encode(request.negativePrompt ?? "")).embeddings)
  }
  return { texts, truncated: prompt.truncated }
})

const walk = (
  request: GenerateRequest,
  latentPlan: LatentPlan,
  random: Random,
  texts: ReadonlyArray<TextEmbeddings>,
  { state: first, image }: Start,
): Stream.Stream<GenerateEvent, GenerateError, Parts> => {
  let latents = first.sample
  const steps = Stream.unwrap(
    Effect.gen(function* () {
      const sampler = yield* Sampler
      const denoiser = yield* Denoiser
      const plan = sampler.plan(request.steps)
      const total = plan.levels.length - first.begin
      const { image: _image, video: _video, ...saved } = request

      return Stream.paginate(
        { state: first, started: false },
        Effect.fnUntraced(function* ({ state, started }) {
          const index = state.index - first.begin
          if (state.index >= plan.levels.length) return [[], Option.none()] as const
          if (!started) {
            const event: GenerateEvent = { type: "step-start", index, total }
            return [[event], Option.some({ state, started: true })] as const
          }
          const prediction = yield* predict(request, plan, state, texts, image)
          const next = sampler.step(plan, state, prediction, random)
          if (!allFinite(next.sample)) {
            return yield* new PipelineError({
              message: `The sampler "${sampler.name}" made numbers that are not finite at step ${index + 1} of ${total}: use more steps or another sampler.`,
            })
          }
          latents = next.sample
          const checkpoint: Checkpoint = {
            request: saved,
            denoiser: denoiser.name,
            sampler: sampler.name,
            state: next,
            random: random.save(),
            image,
          }
          const events: Array<GenerateEvent> = [{ type: "step-end", index, total, latents, checkpoint }]
          const every = request.previewEvery ?? 0
          if (every > 0 && (index + 1) % every === 0 && index + 1 < total) {
            events.push({ type: "preview", index, image: yield* preview(prediction.clean, latentPlan) })
          }
          return [events, Option.some({ state: next, started: false })] as const
        }),
      )
    }),
  )
  return Stream.concat(
    steps,
    Stream.suspend(() => decode(latents.slice("frames", latentPlan.padding, latents.length("frames")), latentPlan)),
  )
}

/** Asks the network at the state's level, in the network's own process, and applies the guidance. */
const predict = Effect.fnUntraced(function* (
  request: GenerateRequest,
  plan: Plan,
  state: SamplerState,
  texts: ReadonlyArray<TextEmbeddings>,
  image: Latents | undefined,
) {
  const denoiser = yield* Denoiser
  const sampler = yield* Sampler
  const guidance = yield* Guidance
  const at = plan.levels[state.index]!
  const { level, factor } = sameProcess(sampler.process, denoiser.process)
    ? { level: at, factor: 1 }
    : matchLevel(denoiser.process, at)
  const sample = factor === 1 ? state.sample : linearCombination([[factor, state.sample]])
  const predictions = yield* denoiser.denoise({ sample, level, texts, image })
  const [conditional, unconditional] = predictions as [Prediction, Prediction | undefined]
  if (unconditional === undefined) return conditional
  return guidance.combine({
    conditional,
    unconditional,
    scale: request.guidance,
    timestep: level.timestep,
    index: state.index,
    steps: request.steps,
  })
})

const preview = Effect.fnUntraced(function* (clean: Latents, { padding }: LatentPlan) {
  const vae = yield* VideoVae
  const first = clean.slice("frames", padding, padding + 1).contiguous()
  const chunks = yield* Stream.runCollect(vae.decode(first))
  return toVideo(chunks[0]!.slice("frames", 0, 1).contiguous())
})

const decode = (
  latents: Latents,
  { frames: total }: LatentPlan,
): Stream.Stream<GenerateEvent, GenerateError, VideoVae> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const vae = yield* VideoVae
      const videos: Array<Video> = []
      let done = 0
      const progress = vae.decode(latents.contiguous()).pipe(
        Stream.map((pixels: Pixels): GenerateEvent => {
          const frames = toVideo(pixels)
          videos.push(frames)
          done += frames.length("frames")
          return { type: "decode-progress", frames, pixels, done, total }
        }),
      )
      return Stream.concat(
        progress,
        Stream.sync((): GenerateEvent => ({ type: "video-end", video: concat("frames", videos) })),
      )
    }),
  )

const checkSize = Effect.fnUntraced(function* (request: GenerateRequest) {
  const vae = yield* VideoVae
  const denoiser = yield* Denoiser
  return yield* Effect.try({
    try: () => planLatents(request, vae, denoiser),
    catch: (cause) => cause as RequestError,
  })
})

const check = Effect.fnUntraced(function* (request: GenerateRequest) {
  const denoiser = yield* Denoiser
  const refuse = (message: string) => new RequestError({ message })
  if (request.prompt.trim() === "") return yield* refuse("The prompt is empty: say what the video should show.")
  if (!Number.isSafeInteger(request.steps) || request.steps < 1) {
    return yield* refuse(`${request.steps} steps cannot be made: give a whole number from 1.`)
  }
  if (!Number.isFinite(request.guidance)) return yield* refuse(`A guidance of ${request.guidance} is no number.`)
  if (typeof request.seed === "number" && !Number.isSafeInteger(request.seed)) {
    return yield* refuse(`The seed ${request.seed} is no whole number below 2^53.`)
  }
  if (request.image !== undefined && request.video !== undefined) {
    return yield* refuse("An image and a video are both given to start from: give one of them.")
  }
  if (denoiser.imageConditioned && request.image === undefined) {
    return yield* refuse(`${denoiser.name} is an image-to-video model: give it the first frame as an image.`)
  }
  if (!denoiser.imageConditioned && request.image !== undefined) {
    return yield* refuse(`${denoiser.name} takes no image: use an image-to-video model, or leave the image out.`)
  }
  const plan = yield* checkSize(request)
  yield* refuseWhatDoesNotFit(request, plan)
  return plan
})
