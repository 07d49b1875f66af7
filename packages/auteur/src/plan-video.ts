import {
  type PipelineRequest,
  Denoiser,
  failWithThrown,
  Guidance,
  Inversion,
  type MediaError,
  ModelError,
  type PipelineError,
  planRun,
  type RequestError,
  Sampler,
  type StartKind,
  type Video,
  VideoVae,
} from "@auteur/core"
import * as Effect from "effect/Effect"
import { cacheRecord } from "./cache.ts"
import { CurrentModel, type ModelServices } from "./model-services.ts"
import { replacedChoice } from "./plugins/replaced-choice.ts"
import { startImage, startVideo } from "./start-pictures.ts"
import { version } from "./version.ts"
import type { VideoRecord } from "./video-record.ts"

/** What a video should be; all but the prompt has a default. */
export interface VideoOptions {
  /** What to steer away from. */
  readonly negativePrompt?: string | undefined
  /** A random one by default. */
  readonly seed?: number | bigint | undefined
  /** Steps of the sampler; default {@link defaultSteps}. */
  readonly steps?: number | undefined
  /** How strongly the prompt steers; default {@link defaultGuidance}. */
  readonly guidanceScale?: number | undefined
  /** By default the length that the model was trained at. */
  readonly frames?: number | undefined
  /** Pixels; by default the size that the model was trained at. */
  readonly width?: number | undefined
  readonly height?: number | undefined
  /** The first frame, for image-to-video models: a PNG or JPEG file, or one frame. */
  readonly image?: string | Video | undefined
  /** What to start from: a video file, which is resized and cut to a length that can be made, or frames. */
  readonly video?: string | Video | undefined
  /** How much of `video` is made anew, in 0…1; default 0.8. */
  readonly strength?: number | undefined
  /** How the run begins: at `noise` by default, or by `inversion` or `inversion-free` at `video`, whose content `sourcePrompt` says. */
  readonly start?: StartKind | undefined
  /** What `video` shows, for the starts `inversion` and `inversion-free`. */
  readonly sourcePrompt?: string | undefined
  /** How strongly `sourcePrompt` steers; default 1, without guidance. */
  readonly sourceGuidanceScale?: number | undefined
  /** A preview event every so many steps; never by default. */
  readonly previewEvery?: number | undefined
  /** Frames per second; by default those of `video`, or the model's. */
  readonly fps?: number | undefined
  /** Enlargement of the written picture; by default 4 for pictures with a side of up to 64 pixels, otherwise 1. */
  readonly upscale?: number | undefined
  /** Refuses a model with another hash: for a video that is to come out as it did before. */
  readonly modelHash?: string | undefined
}

export const defaultSteps = 50
export const defaultGuidance = 6

/** A request, what its video will carry, and what a person should know before the work. */
export interface PlannedVideo {
  readonly request: PipelineRequest
  readonly record: VideoRecord
  readonly notice: string | undefined
}

/** Reads the pictures that a video begins with and checks that it can be made. */
export const planVideo: (
  prompt: string,
  options: VideoOptions,
) => Effect.Effect<PlannedVideo, RequestError | ModelError | MediaError | PipelineError, ModelServices> =
  Effect.fnUntraced(function* (prompt, options) {
    const model = yield* CurrentModel
    const { trained } = yield* Denoiser
    const { spatialCompression } = yield* VideoVae
    const hash = yield* model.hash
    if (options.modelHash !== undefined && options.modelHash !== hash) {
      return yield* new ModelError({
        message: `The model ${model.folder.name} is not the one that made the video before, though its name is the same: name one with --model, and the video will be another.`,
      })
    }
    const size = {
      width: options.width ?? trained.width * spatialCompression,
      height: options.height ?? trained.height * spatialCompression,
    }
    const image = options.image === undefined ? undefined : yield* startImage(options.image, size)
    const video = options.video === undefined ? undefined : yield* startVideo(options.video, size, options.frames)
    const { negativePrompt, frames, width, height, start, sourcePrompt, sourceGuidanceScale, strength, previewEvery } =
      options
    const request: PipelineRequest = {
      prompt,
      seed: options.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]!,
      steps: options.steps ?? defaultSteps,
      guidanceScale: options.guidanceScale ?? defaultGuidance,
      ...(negativePrompt === undefined ? {} : { negativePrompt: negativePrompt }),
      ...(frames === undefined ? {} : { frames }),
      ...(width === undefined ? {} : { width }),
      ...(height === undefined ? {} : { height }),
      ...(start === undefined ? {} : { start }),
      ...(sourcePrompt === undefined ? {} : { sourcePrompt }),
      ...(sourceGuidanceScale === undefined ? {} : { sourceGuidanceScale }),
      ...(strength === undefined ? {} : { strength }),
      ...(previewEvery === undefined ? {} : { previewEvery }),
      ...(image === undefined ? {} : { image: image.video }),
      ...(video === undefined ? {} : { video: video.video }),
    }
    const { size: made } = yield* planRun(request)
    const lora = yield* Effect.forEach(model.loras, ({ path, weight, hash }) =>
      Effect.map(hash, (hash) => ({ path, weight, hash })),
    )
    const record: VideoRecord = {
      prompt,
      negativePrompt: negativePrompt ?? "",
      seed: request.seed,
      steps: request.steps,
      guidanceScale: request.guidanceScale,
      guidanceMethod: (yield* Guidance).name,
      sampler: (yield* Sampler).name,
      maxSequenceLength: model.options.maxSequenceLength,
      frames: made.frames,
      width: made.width,
      height: made.height,
      strength: video === undefined ? undefined : (strength ?? 0.8),
      start: start === "noise" ? undefined : start,
      sourcePrompt,
      sourceGuidanceScale,
      inversion: start === "inversion" ? (yield* Inversion).name : undefined,
      fps: options.fps ?? video?.fps ?? model.fps,
      upscale: options.upscale ?? (Math.min(made.width, made.height) <= 64 ? 4 : 1),
      tiling: model.options.tiling ?? false,
      lora: lora.length === 0 ? undefined : lora,
      ...cacheRecord(model.options.cache),
      image: image?.name,
      video: video?.name,
      model: model.folder.name,
      baseModel: model.options.baseModel,
      modelHash: hash,
      ...(model.plugins.length === 0 ? {} : { plugins: model.plugins.map(({ name }) => name) }),
      version,
    }
    const notices = [
      ...model.notices,
      replacedChoice(model),
      video?.cutTo === undefined ? undefined : `Of ${video.name}, the first ${video.cutTo} frames are used.`,
    ].filter((notice) => notice !== undefined)
    return { request, record, notice: notices.length === 0 ? undefined : notices.join(" ") }
  }, failWithThrown)
