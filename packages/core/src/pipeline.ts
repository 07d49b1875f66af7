import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { checkCheckpoint } from "./check-checkpoint.ts"
import { checkImage } from "./check-request.ts"
import type { Checkpoint } from "./checkpoint.ts"
import { decodeVideo } from "./decoding.ts"
import { Denoiser } from "./denoiser.ts"
import { denoiseSteps, type Run } from "./denoising.ts"
import { type CheckpointError, type EngineError, type ModelError, type PipelineError, RequestError } from "./errors.ts"
import { refuseWhatDoesNotFit } from "./refuse-memory.ts"
import type { GenerateEvent } from "./events.ts"
import { Guidance } from "./guidance.ts"
import { guarded } from "./part-failure.ts"
import { Random } from "./random.ts"
import type { GenerateRequest } from "./request.ts"
import { planRun } from "./run-plan.ts"
import type { Sampler } from "./sampler.ts"
import { type Start, startFromImage, startFromNoise, startFromVideo } from "./start.ts"
import { TextEncoder } from "./text-encoder.ts"
import type { VideoVae } from "./video-vae.ts"

export type GenerateError = RequestError | ModelError | EngineError | PipelineError | CheckpointError

type Parts = TextEncoder | Denoiser | VideoVae | Sampler | Guidance

/**
 * Makes a video: encodes the prompt, walks from noise to clean latents, decodes them.
 *
 * Work is done as events are pulled, so an interrupted or abandoned stream stops at the next step boundary at the latest, and a
 * consumer that saves the checkpoint of each `step-end` has it before the next step, or the decoding, starts.
 *
 * @example
 * const video = await generate({ prompt: "a fox runs", seed: 7, steps: 4, guidance: 1 }).pipe(
 *   Stream.runFold(
 *     () => undefined as Video | undefined,
 *     (video, event) => (event.type === "video-end" ? event.video : video),
 *   ),
 *   Effect.provide(parts), // the layers of a model, a sampler and a guidance
 *   Effect.runPromise,
 * )
 */
export const generate = (request: GenerateRequest): Stream.Stream<GenerateEvent, GenerateError, Parts> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const denoiser = yield* Denoiser
      const plan = yield* planRun(request)
      const random = yield* Effect.try({
        try: () => {
          checkImage(request, denoiser)
          return Random.torch(request.seed)
        },
        catch: (thrown) => new RequestError({ message: (thrown as Error).message }),
      })
      yield* refuseWhatDoesNotFit(request, plan)
      const { image, video, ...rest } = request
      const { frames, height, width } = plan.latents
      const start = Effect.suspend(() => {
        if (video !== undefined) return startFromVideo(video, plan, random)
        if (image !== undefined) return startFromImage(image, plan, random)
        return startFromNoise(plan, random)
      })
      // The lengths are written out, since a checkpoint has no pictures to take them from.
      return events({ request: { ...rest, frames, height, width }, plan, random }, start)
    }),
  )

/**
 * Continues a run after the step that the checkpoint was made at, bit for bit as if it had not stopped. After the last step only
 * the decoding is left, and neither the text encoder nor the network is asked.
 */
export const resume = (checkpoint: Checkpoint): Stream.Stream<GenerateEvent, GenerateError, Parts> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { request, state, image } = checkpoint
      const { plan, random } = yield* checkCheckpoint(checkpoint)
      yield* refuseWhatDoesNotFit(request, plan)
      if (plan.begin === plan.steps.levels.length) return decodeVideo(state.sample, plan.latents)
      return events({ request, plan, random }, Effect.succeed({ state, image }))
    }),
  )

const events = <E>(
  run: Run,
  start: Effect.Effect<Start, E, VideoVae>,
): Stream.Stream<GenerateEvent, GenerateError | E, Parts> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { texts, truncated } = yield* encodeTexts(run.request)
      const textEnd: GenerateEvent = { type: "text-end", truncated }
      const rest = Effect.map(start, (first) => {
        let latents = first.state.sample
        const steps = denoiseSteps(run, texts, first).pipe(
          Stream.map((event) => {
            if (event.type === "step-end") latents = event.latents
            return event
          }),
        )
        return Stream.concat(
          steps,
          Stream.suspend(() => decodeVideo(latents, run.plan.latents)),
        )
      })
      return Stream.concat(Stream.succeed(textEnd), Stream.unwrap(rest))
    }),
  )

const encodeTexts = Effect.fnUntraced(function* (request: GenerateRequest) {
  const textEncoder = yield* TextEncoder
  const guidance = yield* Guidance
  const encode = (text: string) => guarded("The text encoder", textEncoder.encode(text))
  const prompt = yield* encode(request.prompt)
  if (!guidance.usesUnconditional(request.guidance)) {
    return { texts: [prompt.embeddings], truncated: prompt.truncated }
  }
  const negative = yield* encode(request.negativePrompt ?? "")
  return { texts: [prompt.embeddings, negative.embeddings], truncated: prompt.truncated }
})
