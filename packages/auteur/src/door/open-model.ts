import { type Latents, type MediaSource, RequestError } from "@auteur/core"
import { defaultModel } from "@auteur/hub"
import { CurrentModel } from "../model/model-services.ts"
import { estimateVideo, type VideoEstimate } from "../video/estimate-video.ts"
import { planVideo } from "../video/plan-video.ts"
import type { Frames } from "../video/sources.ts"
import { checkOpening, checkOptions, checkPrompt } from "./check-options.ts"
import {
  decodeLatents,
  type DecodeOptions,
  type EncodedPrompt,
  encodeFrames,
  type EncodeOptions,
  encodePrompt,
  type EncodePromptOptions,
} from "./encode-decode.ts"
import type { DecodedVideo, GeneratedVideo } from "./generated-video.ts"
import { makeHost } from "./model-host.ts"
import {
  type GenerateOptions,
  type OpenModelOptions,
  optionNames,
  type RequestOptions,
  type ResumeOptions,
} from "./options.ts"
import { newRun, resumedRun } from "./ready-run.ts"
import { runRequest } from "./run-request.ts"
import { Turns } from "./turns.ts"
import { startRun, type VideoRun } from "./video-run.ts"

/** An open model. Requests run one at a time, or as many as `concurrency` says, in the order of their calls. */
export interface Model extends AsyncDisposable {
  /** The name of the model: its folder's, or `org/name`. */
  readonly name: string
  /** The folder of the model. */
  readonly path: string
  /** Frames per second that the model was trained at. */
  readonly fps: number

  /** Generates a video. */
  generate(prompt: string, options?: RequestOptions & { readonly videosPerPrompt?: undefined }): Promise<GeneratedVideo>
  /** Generates a video of each of several prompts, or several of each, prompt by prompt; rejects as a whole when one of them fails. */
  generate(prompts: string | ReadonlyArray<string>, options?: GenerateOptions): Promise<ReadonlyArray<GeneratedVideo>>
  /** Generates a video that can be followed while it is made. */
  stream(prompt: string, options?: RequestOptions): VideoRun
  /** Continues a run after the step of a checkpoint, given by its bytes or its path: the video is the same, byte for byte. */
  resume(checkpoint: Uint8Array | string, options?: ResumeOptions): VideoRun
  /** Estimates the peak memory and the time of a request, without running it or waiting for others. */
  estimate(prompt: string, options?: RequestOptions): Promise<VideoEstimate>
  /** Encodes a prompt, for the options `promptEmbeddings` and `negativePromptEmbeddings`. */
  encodePrompt(prompt: string, options?: EncodePromptOptions): Promise<EncodedPrompt>
  /** Encodes frames with the VAE alone: the mean of their latents, scaled as the network sees them. (1, f, c, h, w) */
  encode(video: MediaSource | Frames, options?: EncodeOptions): Promise<Latents>
  /** Decodes clean latents, such as those of a generated video, with the VAE alone. */
  decode(latents: Latents, options?: DecodeOptions): Promise<DecodedVideo>
  /** Gives the engine's threads and memory back once the running requests are done; the next request loads the model again. */
  unload(): Promise<void>
  /** Aborts everything that runs or waits, and gives the engine's threads and memory back. */
  close(): Promise<void>
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
  nameOrFolder: string = defaultModel,
  options: OpenModelOptions = {},
): Promise<Model> => {
  checkOptions("openModel", options, optionNames.open)
  checkOpening(nameOrFolder, options)
  const host = makeHost({ ...options, model: nameOrFolder })
  const memory = { limit: options.memoryLimit ?? Number.POSITIVE_INFINITY, turns: new Turns() }
  const { folder, fps } = await host.run(CurrentModel, { inTurn: false }).catch(async (error: unknown) => {
    await host.close()
    throw error
  })

  const start = (prompt: string, options: RequestOptions, isFollowed: boolean): VideoRun =>
    startRun(
      async (onEvent, signal) => {
        checkOptions("stream", options, optionNames.request)
        checkPrompt(prompt)
        // What cannot be made is refused at once, and not when its turn comes.
        const { image: _image, video: _video, ...settings } = options
        await host.run(planVideo(prompt, settings), { signal, inTurn: false })
        return host.run(runRequest(newRun(prompt, options, memory), options.onStepEnd, onEvent), {
          signal,
          inTurn: true,
        })
      },
      options?.signal,
      isFollowed,
    )

  const generate = async (
    prompts: string | ReadonlyArray<string>,
    options: GenerateOptions = {},
  ): Promise<GeneratedVideo | ReadonlyArray<GeneratedVideo>> => {
    checkOptions("generate", options, optionNames.generate)
    const { videosPerPrompt, ...request } = options
    if (videosPerPrompt === undefined && !Array.isArray(prompts)) {
      return start(prompts as string, request, false).video
    }
    const failing = new AbortController()
    const signal = request.signal === undefined ? failing.signal : AbortSignal.any([request.signal, failing.signal])
    const runs = requestsOf(prompts, videosPerPrompt, request.seed).map(
      ({ prompt, seed }) => start(prompt, { ...request, seed, signal }, false).video,
    )
    try {
      return await Promise.all(runs)
    } catch (error) {
      failing.abort(error)
      throw error
    }
  }

  return {
    name: folder.name,
    path: folder.path,
    fps,
    generate: generate as Model["generate"],
    stream: (prompt, options = {}) => start(prompt, options, true),
    resume: (checkpoint, options = {}) =>
      startRun(
        async (onEvent, signal) => {
          checkOptions("resume", options, optionNames.resume)
          const run = resumedRun(checkpoint, options, memory)
          return host.run(runRequest(run, options.onStepEnd, onEvent), { signal, inTurn: true })
        },
        options?.signal,
        true,
      ),
    estimate: async (prompt, options = {}) => {
      checkOptions("estimate", options, optionNames.request)
      checkPrompt(prompt)
      const { signal, ...request } = options
      return host.run(estimateVideo(prompt, request), { signal, inTurn: false })
    },
    encodePrompt: async (prompt, options = {}) => {
      checkOptions("encodePrompt", options, ["maxSequenceLength", "signal"])
      checkPrompt(prompt)
      return host.run(encodePrompt(prompt, options), { signal: options.signal, inTurn: true })
    },
    encode: async (video, options = {}) => {
      checkOptions("encode", options, ["frames", "width", "height", "tiling", "vaeWorkers", "signal"])
      return host.run(encodeFrames(video, options), { signal: options.signal, inTurn: true })
    },
    decode: async (latents, options = {}) => {
      checkOptions("decode", options, ["tiling", "vaeWorkers", "signal"])
      return host.run(decodeLatents(latents, options), { signal: options.signal, inTurn: true })
    },
    unload: host.unload,
    close: host.close,
    [Symbol.asyncDispose]: host.close,
  }
}

/** The requests of a batch, prompt by prompt, each with its own seed. */
const requestsOf = (
  prompts: string | ReadonlyArray<string>,
  videosPerPrompt: number = 1,
  first: number | bigint = crypto.getRandomValues(new Uint32Array(1))[0]!,
): ReadonlyArray<{ readonly prompt: string; readonly seed: number | bigint }> => {
  if (!Number.isSafeInteger(videosPerPrompt) || videosPerPrompt < 1) {
    throw new RequestError({ message: `videosPerPrompt is ${videosPerPrompt}: give a whole number of at least 1.` })
  }
  const all = typeof prompts === "string" ? [prompts] : prompts
  if (all.length === 0) throw new RequestError({ message: "The list of prompts is empty: give at least one prompt." })
  const seedAt = (index: number) => (typeof first === "bigint" ? first + BigInt(index) : first + index)
  return all.flatMap((prompt) =>
    Array.from({ length: videosPerPrompt }, (_, index) => ({ prompt, seed: seedAt(index) })),
  )
}
