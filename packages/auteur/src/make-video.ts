import {
  CheckpointError,
  generate,
  type GenerateError,
  type MediaError,
  type ModelError,
  type PluginError,
  type RequestError,
  resume,
} from "@auteur/core"
import * as Effect from "effect/Effect"
import { cacheFromRecord } from "./cache.ts"
import { CurrentModel, type ModelServices, modelLayer, type OpenModelOptions } from "./model-services.ts"
import { planVideo, type VideoOptions } from "./plan-video.ts"
import { ownParts, requireSamePlugins } from "./plugins/recorded-plugins.ts"
import { type RenderOptions, renderVideo } from "./render.ts"
import { readRun, type SavedRun } from "./saved-run.ts"
import type { VideoRecord } from "./video-record.ts"

type MakeError = GenerateError | MediaError | CheckpointError | ModelError | RequestError | PluginError

/** What is told while a video file is made. */
export interface MakeVideoHooks extends Pick<RenderOptions, "onEvent" | "onUnfinished"> {
  /** Called with a sentence that a person should know. */
  readonly onNotice?: RenderOptions["onNotice"]
}

export interface MakeVideoOptions extends VideoOptions, MakeVideoHooks {
  readonly prompt: string
  /** The file to write, or a folder of frames when it ends in `/`. */
  readonly output: string
}

/** Makes a video file with the model that is open; gives back what the file carries. */
export const makeVideo: (options: MakeVideoOptions) => Effect.Effect<VideoRecord, MakeError, ModelServices> =
  Effect.fnUntraced(function* ({ prompt, output, onNotice, onEvent, onUnfinished, ...options }) {
    const { request, record, notice } = yield* planVideo(prompt, options)
    if (notice !== undefined && onNotice !== undefined) yield* onNotice(notice)
    const { folder } = yield* CurrentModel
    yield* renderVideo(generate(request), { output, record, model: folder.path, onEvent, onNotice, onUnfinished })
    return record
  })

export interface ResumeVideoOptions
  extends MakeVideoHooks, Pick<OpenModelOptions, "model" | "baseModel" | "threads" | "plugins" | "pluginLimits"> {
  /** The file that an interrupted run left. */
  readonly checkpoint: string
  /** By default where the interrupted run was to write. */
  readonly output?: string | undefined
  readonly fps?: number | undefined
  readonly upscale?: number | undefined
}

/** Finishes the video file of an interrupted run, with its own model and settings. */
export const resumeVideo: (
  options: ResumeVideoOptions,
) => Effect.Effect<{ readonly record: VideoRecord; readonly output: string }, MakeError> = Effect.fnUntraced(
  function* ({ checkpoint: path, onEvent, onNotice, onUnfinished, ...options }) {
    const run = yield* readRun(path)
    const record = { ...run.record, fps: options.fps ?? run.record.fps, upscale: options.upscale ?? run.record.upscale }
    const { plugins, pluginLimits, threads } = options
    yield* requireSamePlugins(record, plugins, path)
    const { maxSequenceLength, tiling, lora } = record
    const baseModel = options.baseModel ?? record.baseModel
    const opened = { ...ownParts(record), baseModel, maxSequenceLength, tiling, lora, threads, plugins, pluginLimits }
    const model = options.model ?? run.model
    const output = options.output ?? run.output
    const resumed = { path, output: run.output }
    const cache = yield* Effect.try({ try: () => cacheFromRecord(record), catch: (cause) => cause as RequestError })
    const hooks = { onEvent, onNotice, onUnfinished }
    yield* checkHash(run, path).pipe(
      Effect.andThen(renderVideo(resume(run.checkpoint), { output, record, model, resumed, ...hooks })),
      Effect.provide(modelLayer({ ...opened, cache, model })),
    )
    return { record, output }
  },
)

/** A model of the same name that was trained further, or exchanged, would go on to another video. */
const checkHash = Effect.fnUntraced(function* ({ record }: SavedRun, path: string) {
  const { folder, hash } = yield* CurrentModel
  if ((yield* hash) === record.modelHash) return
  return yield* new CheckpointError({
    message: `${path} cannot be resumed with the model ${folder.path}: it is not the one that the run was begun with. Name that one with --model, or start again.`,
  })
})
