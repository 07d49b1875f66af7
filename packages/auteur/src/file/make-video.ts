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
import { CurrentModel, modelLayer, type ModelLayerOptions } from "../model/model-services.ts"
import { requireSamePlugins } from "../plugins/recorded-plugins.ts"
import { planVideo, type VideoOptions } from "../video/plan-video.ts"
import { modelIdentity, recordedComponents, type VideoRecord } from "../video/video-record.ts"
import { type RenderOptions, renderVideo } from "./render.ts"
import { readRun } from "./saved-run.ts"

type MakeError = GenerateError | MediaError | CheckpointError | ModelError | RequestError | PluginError

/** Functions that are called while a video file is made. */
export interface MakeVideoHooks extends Pick<RenderOptions, "onEvent" | "onUnfinished"> {
  /** Called with a sentence that a person should know. */
  readonly onNotice?: RenderOptions["onNotice"]
}

export type MakeVideoOptions = VideoOptions &
  MakeVideoHooks & {
    readonly prompt: string
    /** The file to write, or a folder of frames when it ends in `/`. */
    readonly output: string
    /** Adds a number to the name of the video rather than replacing a file, also one that appeared during the run. */
    readonly exclusive?: boolean | undefined
  }

/** A video file: its path, and the record that it carries. */
interface MadeFile {
  readonly record: VideoRecord
  readonly output: string
}

/** Makes a video file with the model that is open. */
export const makeVideo: (options: MakeVideoOptions) => Effect.Effect<MadeFile, MakeError, CurrentModel> =
  Effect.fnUntraced(function* ({ prompt, output, exclusive, onNotice, onEvent, onUnfinished, ...options }) {
    const { request, components, record, notice } = yield* planVideo(prompt, options)
    if (notice !== undefined && onNotice !== undefined) yield* onNotice(notice)
    const { folder } = yield* CurrentModel
    const hooks = { onEvent, onNotice, onUnfinished }
    const rendered = renderVideo(generate(request, { modelHash: modelIdentity(record) }), {
      output,
      exclusive,
      record,
      model: folder.path,
      ...hooks,
    })
    return { record, output: yield* Effect.provideContext(rendered, components) }
  }, Effect.scoped)

export interface ResumeVideoOptions
  extends MakeVideoHooks, Pick<ModelLayerOptions, "model" | "baseModel" | "threads" | "memoryLimit" | "plugins"> {
  /** The file that an interrupted run left. */
  readonly checkpoint: string
  /** By default where the interrupted run was to write. */
  readonly output?: string | undefined
  readonly fps?: number | undefined
  readonly upscale?: number | undefined
}

/** Finishes the video file of an interrupted run, with its own model and settings. */
export const resumeVideo: (options: ResumeVideoOptions) => Effect.Effect<MadeFile, MakeError> = Effect.fnUntraced(
  function* ({ checkpoint: path, onEvent, onNotice, onUnfinished, ...options }) {
    const run = yield* readRun(path)
    const record = { ...run.record, fps: options.fps ?? run.record.fps, upscale: options.upscale ?? run.record.upscale }
    const { plugins, threads, memoryLimit, model = run.model, output = run.output } = options
    const { baseModel = record.baseModel } = options
    const exclusive = options.output === undefined && run.exclusive
    yield* requireSamePlugins(record, plugins, path)
    const finished = Effect.gen(function* () {
      const current = yield* CurrentModel
      if ((yield* current.hash) !== record.modelHash) {
        return yield* new CheckpointError({
          message: `${path} cannot be resumed with the model ${current.folder.path}: it is not the one that the run was begun with. Name that one with --model, or start again.`,
        })
      }
      const { components } = yield* Effect.flatMap(recordedComponents(record), current.select)
      const resumed = { path, output: run.output }
      const hooks = { onEvent, onNotice, onUnfinished }
      const rendered = renderVideo(resume(run.checkpoint, { modelHash: modelIdentity(record) }), {
        output,
        exclusive,
        record,
        model,
        resumed,
        ...hooks,
      })
      return { record, output: yield* Effect.provideContext(rendered, components) }
    })
    return yield* finished.pipe(
      Effect.scoped,
      Effect.provide(modelLayer({ model, baseModel, threads, memoryLimit, plugins })),
    )
  },
)
