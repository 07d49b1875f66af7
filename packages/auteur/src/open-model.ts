import { generate, PipelineError, type Video, VideoWriter } from "@auteur/core"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Stream from "effect/Stream"
import { AbortError } from "./abort-error.ts"
import { estimateVideo, type VideoEstimate } from "./estimate-video.ts"
import { generatedVideo, type GeneratedVideo } from "./generated-video.ts"
import { CurrentModel, modelLayer, type ModelServices, type OpenModelOptions } from "./model-services.ts"
import { planVideo, type VideoOptions } from "./plan-video.ts"
import { startRun, type VideoRun } from "./video-run.ts"

export interface GenerateOptions extends VideoOptions {
  /** Aborts the work at once. */
  readonly signal?: AbortSignal | undefined
}

/** An open model, ready to make videos. */
export interface Model extends AsyncDisposable {
  readonly name: string
  /** The folder of the model. */
  readonly path: string
  /** Frames per second that the model was trained at. */
  readonly fps: number
  /** Makes a video. */
  readonly generate: (prompt: string, options?: GenerateOptions) => Promise<GeneratedVideo>
  /** Makes a video that can be followed while it is made; it starts at once. */
  readonly stream: (prompt: string, options?: GenerateOptions) => VideoRun
  /** Peak memory and time of a video, before it is made. */
  readonly estimate: (prompt: string, options?: VideoOptions) => Promise<VideoEstimate>
  /** Aborts what is running and gives back the engine's threads and memory. */
  readonly close: () => Promise<void>
}

/**
 * Opens a model: a folder, a bundled name, or `org/name` of a fetched model; by default the bundled model.
 *
 * Every promise of the model rejects with an error that has a `_tag` (`ModelError`, `RequestError`, `MediaError`, `AbortError` …)
 * and a message of one sentence that says how to fix it.
 *
 * @example
 * import { openModel } from "auteur"
 *
 * await using model = await openModel("emoji-world")
 * const video = await model.generate("a fox runs to the right in a meadow", { seed: 7, steps: 4, frames: 9 })
 * await video.save("fox.mp4")
 *
 * const run = model.stream("a bus bounces in the city", { steps: 4, frames: 9 })
 * for await (const event of run) {
 *   if (event.type === "step-end") console.log(`${event.index + 1} of ${event.total}`)
 * }
 * const bus = await run.video
 * await bus.save("bus.mp4")
 */
export const openModel = async (
  nameOrFolder?: string,
  options: Omit<OpenModelOptions, "model"> = {},
): Promise<Model> => {
  const runtime = ManagedRuntime.make(modelLayer({ ...options, model: nameOrFolder }))
  const closing = new AbortController()

  const run = async <A, E>(effect: Effect.Effect<A, E, ModelServices>, outside?: AbortSignal): Promise<A> => {
    const signal = outside === undefined ? closing.signal : AbortSignal.any([closing.signal, outside])
    if (signal.aborted) throw AbortError.from(signal.reason)
    const exit = await runtime.runPromiseExit(effect, { signal })
    if (Exit.isSuccess(exit)) return exit.value
    if (signal.aborted && Cause.hasInterrupts(exit.cause)) throw AbortError.from(signal.reason)
    throw tagged(Cause.squash(exit.cause))
  }
  const close = async () => {
    closing.abort(new AbortError("The model was closed."))
    await runtime.dispose()
  }

  const { folder, fps } = await run(CurrentModel)
  const stream = (prompt: string, { signal, ...request }: GenerateOptions = {}): VideoRun =>
    startRun((onEvent, signal) => run(makeFrames(prompt, request, onEvent), signal), signal)
  return {
    name: folder.name,
    path: folder.path,
    fps,
    generate: (prompt, options) => stream(prompt, options).video,
    stream,
    estimate: (prompt, options = {}) => run(estimateVideo(prompt, options)),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** An error with a tag: the thrown one, or a `PipelineError` around what was not meant to be thrown. */
const tagged = (thrown: unknown): unknown => {
  if (thrown instanceof Error && "_tag" in thrown) return thrown
  const reason = thrown instanceof Error ? thrown.message : String(thrown)
  return new PipelineError({ message: `The run failed unexpectedly: ${reason}`, cause: thrown })
}

const makeFrames = Effect.fnUntraced(function* (
  prompt: string,
  options: VideoOptions,
  onEvent: Parameters<Parameters<typeof startRun>[0]>[0],
) {
  const { request, record } = yield* planVideo(prompt, options)
  let truncated: string | undefined
  let video: Video | undefined
  yield* Stream.runForEach(generate(request), (event) =>
    Effect.sync(() => {
      if (event.type === "text-end") truncated = event.truncated
      if (event.type === "video-end") video = event.video
      onEvent(event)
    }),
  )
  const made: GeneratedVideo = generatedVideo(video!, record, truncated, yield* VideoWriter)
  return made
})
