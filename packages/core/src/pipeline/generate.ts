import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { GuidedText } from "./predict.ts"
import { type InitialLatents, resumedLatents, initialLatents } from "./initial-latents.ts"
import { checkCheckpoint } from "./check-checkpoint.ts"
import { checkEmbeddings } from "./check-embeddings.ts"
import { checkImage, checkLatents, checkSource } from "./validate-request.ts"
import type { Checkpoint } from "./checkpoint.ts"
import { decodeVideo } from "./decode.ts"
import { Denoiser } from "../services/denoiser.ts"
import { denoiseSteps } from "./denoise.ts"
import { Editor } from "../services/editor.ts"
import {
  type CheckpointError,
  type EngineError,
  type ModelError,
  type PipelineError,
  RequestError,
} from "../services/errors.ts"
import type { GenerateEvent } from "./events.ts"
import { Guidance } from "../services/guidance.ts"
import type { Inversion } from "../services/inversion.ts"
import { failWithThrown, guarded } from "./component-error.ts"
import { componentName, pluginOf } from "../plugin/component-origin.ts"
import { Random } from "../random/random.ts"
import { refuseWhatDoesNotFit } from "./refuse-memory.ts"
import type { PipelineRequest, StartKind } from "./video-request.ts"
import type { Run, RunTexts } from "./run.ts"
import { planRun } from "./plan.ts"
import type { Sampler } from "../services/sampler.ts"
import { startComponent } from "./start-part.ts"
import { TextEncoder } from "../services/text-encoder.ts"
import { VideoVae } from "../services/video-vae.ts"

export type GenerateError = RequestError | ModelError | EngineError | PipelineError | CheckpointError

type Parts = TextEncoder | Denoiser | VideoVae | Sampler | Guidance

/** What a start needs beside the parts that all runs need. */
interface StartNeeds {
  readonly noise: never
  readonly inversion: Inversion
  readonly "inversion-free": Editor
}

/** What a request needs beside the parts that all runs need: nothing, where its type names no other start than noise. */
export type StartComponents<R> = R extends { readonly start?: infer Kind }
  ? StartNeeds[Extract<Kind, StartKind>]
  : never

/**
 * Makes a video: encodes the prompt, walks from noise to clean latents, decodes them.
 *
 * Work is done as events are pulled, so an interrupted or abandoned stream stops at the next step boundary at the latest, and a
 * consumer that saves the checkpoint of each `step-end` has it before the next step, or the decoding, starts.
 *
 * @example
 * const video = await generate({ prompt: "a fox runs", seed: 7, steps: 4, guidanceScale: 1 }).pipe(
 *   Stream.runFold(
 *     () => undefined as Video | undefined,
 *     (video, event) => (event.type === "video-end" ? event.video : video),
 *   ),
 *   Effect.provide(parts), // the layers of a model, a sampler and a guidance
 *   Effect.runPromise,
 * )
 */
export const generate = <R extends PipelineRequest>(
  request: R,
): Stream.Stream<GenerateEvent, GenerateError, Parts | StartComponents<R>> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const denoiser = yield* Denoiser
      const vae = yield* VideoVae
      const plan = yield* planRun(request)
      const random = yield* Effect.try({
        try: () => {
          checkImage(request, denoiser)
          checkSource(request)
          checkLatents(request, plan.size.latents, vae.latentChannels)
          return Random.torch(request.seed)
        },
        catch: (thrown) => new RequestError({ message: (thrown as Error).message }),
      })
      yield* refuseWhatDoesNotFit(request, plan)
      const { image: _image, video: _video, latents: _latents, ...rest } = request as PipelineRequest
      const { frames, height, width } = plan.size
      const run: Run = {
        // The lengths are written out, since a checkpoint has no pictures to take them from.
        request: { ...rest, frames, height, width },
        plan,
        random,
        states: { denoiser: new Map(), guidance: new Map() },
        editor: request.start === "inversion-free" ? yield* startComponent(Editor, request.start, "editor") : undefined,
      }
      return events(run, yield* initialLatents(request, run))
    }).pipe(failWithThrown),
  )

/**
 * Continues a run after the step that the checkpoint was made at, bit for bit as if it had not stopped. After the last step only
 * the decoding is left, and neither the text encoder nor the network is asked.
 */
export const resume = (checkpoint: Checkpoint): Stream.Stream<GenerateEvent, GenerateError, Parts> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { request, state, image, componentStates } = checkpoint
      const editor = Option.getOrUndefined(yield* Effect.serviceOption(Editor))
      const { plan, random } = yield* checkCheckpoint(checkpoint, editor)
      yield* refuseWhatDoesNotFit(request, plan)
      if (plan.beginIndex === plan.schedule.levels.length) return decodeVideo(state.sample, plan.size)
      const run: Run = {
        request,
        plan,
        random,
        states: { denoiser: new Map(componentStates.denoiser), guidance: new Map(componentStates.guidance) },
        editor: checkpoint.editor === undefined ? undefined : editor,
      }
      return events(run, resumedLatents({ state, image }))
    }).pipe(failWithThrown),
  )

const events = (run: Run, beginning: InitialLatents): Stream.Stream<GenerateEvent, GenerateError, Parts> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { texts, truncated } = yield* failWithThrown(encodeTexts(run.request))
      const textEnd: GenerateEvent = { type: "text-end", truncated }
      const rest = beginning(texts).pipe(
        Stream.flatMap((item) => {
          if (item.type !== "started") return Stream.succeed(item)
          let latents = item.start.state.sample
          const steps = denoiseSteps(run, texts, item.start).pipe(
            Stream.map((event) => {
              if (event.type === "step-end") latents = event.latents
              return event
            }),
          )
          return Stream.concat(
            steps,
            Stream.suspend(() => decodeVideo(latents, run.plan.size)),
          )
        }),
      )
      return Stream.concat(Stream.succeed(textEnd), rest)
    }),
  )

const encodeTexts = Effect.fnUntraced(function* (request: PipelineRequest) {
  const textEncoder = yield* TextEncoder
  const guidance = yield* Guidance
  const part = componentName("text encoder", textEncoder)
  const encode = Effect.fnUntraced(function* (text: string) {
    const encoded = yield* guarded(part, () => textEncoder.encode(text))
    yield* checkEmbeddings(part, encoded?.embeddings)
    return encoded
  })
  const guided = Effect.fnUntraced(function* (text: string, scale: number) {
    const { embeddings, truncated } = yield* encode(text)
    const texts = [embeddings]
    if (guidance.usesUnconditional(scale)) texts.push((yield* encode(request.negativePrompt ?? "")).embeddings)
    const result: GuidedText = { texts, scale, encoder: pluginOf(textEncoder) === undefined ? undefined : part }
    return { result, truncated }
  })
  const target = yield* guided(request.prompt, request.guidanceScale)
  const { sourcePrompt, sourceGuidanceScale = 1 } = request
  const source = sourcePrompt === undefined ? undefined : yield* guided(sourcePrompt, sourceGuidanceScale)
  const texts: RunTexts = { target: target.result, source: source?.result }
  return { texts, truncated: target.truncated }
})
