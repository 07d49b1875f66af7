import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Random } from "../random/random.ts"
import { Denoiser } from "../services/denoiser.ts"
import { Editor } from "../services/editor.ts"
import type { CheckpointError, EngineError, ModelError, PipelineError, RequestError } from "../services/errors.ts"
import type { Inversion } from "../services/inversion.ts"
import { failWithThrown, requireComponent } from "./component-error.ts"
import { decodeVideo } from "./decode.ts"
import { denoiseSteps } from "./denoise.ts"
import { encodeTexts } from "./encode-text.ts"
import { type InitialLatents, initialLatents } from "./initial-latents.ts"
import type { GivenEmbeddings, PipelineRequest } from "./pipeline-request.ts"
import { planRun } from "./plan.ts"
import { requireMemory } from "./require-memory.ts"
import type { Components, GenerateEvent, Run, RunOptions } from "./run.ts"
import { validatePictures } from "./validate-request.ts"
import type { StartKind } from "./video-request.ts"

export type GenerateError = RequestError | ModelError | EngineError | PipelineError | CheckpointError

/** The component that a start needs beside those. */
interface StartNeeds {
  readonly noise: never
  readonly inversion: Inversion
  readonly "inversion-free": Editor
}

/** The components that a request needs beside those of all runs: none, where its type names no other start than noise. */
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
export const generate = <R extends PipelineRequest, E = never>(
  request: R,
  options: RunOptions<E> = {},
): Stream.Stream<GenerateEvent, GenerateError | E, Components | StartComponents<R>> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const denoiser = yield* Denoiser
      const plan = yield* planRun(request)
      yield* Effect.try({
        try: () => validatePictures(request, denoiser),
        catch: (thrown) => thrown as RequestError,
      })
      yield* requireMemory(request, plan)
      const run: Run<E> = {
        plan,
        given: givenOf(request),
        random: Random.torch(request.seed),
        states: { denoiser: new Map(), guidance: new Map() },
        editor:
          request.start === "inversion-free" ? yield* requireComponent(Editor, request.start, "editor") : undefined,
        options,
      }
      return runEvents(run, yield* initialLatents(request, run))
    }).pipe(failWithThrown),
  )

const givenOf = ({ promptEmbeddings, negativePromptEmbeddings }: PipelineRequest): GivenEmbeddings => ({
  ...(promptEmbeddings === undefined ? {} : { promptEmbeddings: promptEmbeddings.copy() }),
  ...(negativePromptEmbeddings === undefined ? {} : { negativePromptEmbeddings: negativePromptEmbeddings.copy() }),
})

/** The events of a run from its prompts on. */
export const runEvents = <E>(
  run: Run<E>,
  initialLatents: InitialLatents,
): Stream.Stream<GenerateEvent, GenerateError | E, Components> => {
  const { request, size, schedule } = run.plan
  const { frames, height, width } = size
  return Stream.unwrap(
    Effect.gen(function* () {
      const texts = yield* failWithThrown(encodeTexts(request, run.given))
      const [prompt, negativePrompt] = texts.target.texts
      const textEnd: GenerateEvent = {
        type: "text-end",
        truncated: texts.truncated,
        promptEmbeddings: prompt!.copy(),
        negativePromptEmbeddings: negativePrompt?.copy(),
      }
      const rest = initialLatents(texts).pipe(
        Stream.flatMap((item) =>
          item.type === "started" ? denoiseSteps(run, texts, item.start) : Stream.succeed(item),
        ),
        Stream.flatMap((item) => (item.type === "denoised" ? decodeVideo(item.latents, size) : Stream.succeed(item))),
      )
      return Stream.concat(Stream.succeed(textEnd), rest)
    }),
  ).pipe(
    Stream.withSpan("auteur.generate", {
      attributes: {
        seed: String(request.seed),
        steps: request.steps,
        frames,
        height,
        width,
        levels: schedule.levels.length,
      },
    }),
  )
}
