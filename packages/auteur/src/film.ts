import { generate, type GenerateEvent, type Video, VideoWriter } from "@auteur/core"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Stream from "effect/Stream"
import { estimateVideo, type VideoEstimate } from "./estimate-video.ts"
import { CurrentModel, type Film, filmLayer, type FilmOptions } from "./film-layer.ts"
import { type Job, makeJob } from "./job.ts"
import { type MadeVideo, madeVideo } from "./made-video.ts"
import { planVideo, type VideoOptions } from "./plan-video.ts"

export interface GenerateOptions extends VideoOptions {
  /** Stops the work, at once. */
  readonly signal?: AbortSignal | undefined
}

/** A model that is open, ready to make videos. */
export interface Auteur extends AsyncDisposable {
  /** Frames per second that the model was trained at. */
  readonly fps: number
  readonly model: { readonly name: string; readonly path: string }
  /** Makes a video; nothing happens before the job is awaited or its events are read. */
  readonly generate: (prompt: string, options?: GenerateOptions) => Job
  /** Peak memory and time of a video, before it is made. */
  readonly estimate: (prompt: string, options?: VideoOptions) => Promise<VideoEstimate>
  /** Stops what is running and gives back the engine's threads and memory. */
  readonly close: () => Promise<void>
}

/**
 * Opens a model: the front door for those who do not use Effect.
 *
 * Rejects, as all of its promises do, with one of the tagged errors (`ModelError`, `RequestError`, `MediaError` …), whose message
 * names what is wrong and the mend.
 *
 * @example
 * import { auteur } from "auteur"
 *
 * await using film = await auteur()
 * const video = await film.generate("a fox runs to the right in a meadow", { seed: 7, steps: 4, frames: 9 })
 * await video.save("fox.mp4")
 *
 * const job = film.generate("a bus bounces in the city", { steps: 4, frames: 9 })
 * for await (const event of job.events) {
 *   if (event.type === "step-end") console.log(`${event.index + 1} of ${event.total}`)
 * }
 * await (await job).save("bus.mp4")
 */
export const auteur = async (options: FilmOptions = {}): Promise<Auteur> => {
  const runtime = ManagedRuntime.make(filmLayer(options))
  const closing = new AbortController()

  const run = async <A, E>(effect: Effect.Effect<A, E, Film>, stop?: AbortSignal): Promise<A> => {
    const signal = stop === undefined ? closing.signal : AbortSignal.any([closing.signal, stop])
    signal.throwIfAborted()
    const exit = await runtime.runPromiseExit(effect, { signal })
    if (Exit.isSuccess(exit)) return exit.value
    if (signal.aborted && Cause.hasInterrupts(exit.cause)) throw signal.reason
    throw Cause.squash(exit.cause)
  }
  const close = async () => {
    closing.abort(new DOMException("The film was closed.", "AbortError"))
    await runtime.dispose()
  }

  const { folder, fps } = await run(CurrentModel)
  return {
    fps,
    model: { name: folder.name, path: folder.path },
    generate: (prompt, { signal, ...options } = {}) =>
      makeJob((onEvent, signal) => run(makeFrames(prompt, options, onEvent), signal), signal),
    estimate: (prompt, options = {}) => run(estimateVideo(prompt, options)),
    close,
    [Symbol.asyncDispose]: close,
  }
}

const makeFrames = Effect.fnUntraced(function* (
  prompt: string,
  options: VideoOptions,
  onEvent: (event: GenerateEvent) => void,
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
  const made: MadeVideo = madeVideo(video!, record, truncated, yield* VideoWriter)
  return made
})
