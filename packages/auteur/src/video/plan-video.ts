import {
  Denoiser,
  failWithThrown,
  Guidance,
  Inversion,
  type Latents,
  type MediaError,
  type MediaSource,
  ModelError,
  type PipelineError,
  type PipelineRequest,
  planRun,
  type PluginError,
  requestFields,
  type RequestError,
  type TextEmbeddings,
  Sampler,
  type VideoRequest,
  VideoVae,
} from "@auteur/core"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ComponentOptions, Components, SelectedComponents } from "../model/components.ts"
import { CurrentModel } from "../model/model-services.ts"
import { cacheRecord } from "../model/transformer-cache.ts"
import { version } from "../version.ts"
import { type Frames, startImage, startVideo } from "./sources.ts"
import type { VideoRecord } from "./video-record.ts"

type Settings = Omit<VideoRequest, "prompt" | "image" | "video" | "cacheThreshold" | keyof ComponentOptions>

/** The request for a video; all but the prompt has a default. */
export type VideoOptions = { readonly [Name in keyof Settings]?: Settings[Name] | undefined } & ComponentOptions & {
    /** The first frame, for image-to-video models; resized unless it is given as frames. */
    readonly image?: MediaSource | Frames | undefined
    /** The video to start from; resized and cut to a length that can be made unless it is given as frames. */
    readonly video?: MediaSource | Frames | undefined
    /** Normal noise to start from, in place of that of the seed. (1, f, c, h, w) */
    readonly latents?: Latents | undefined
    /** Embeddings in place of those of the prompt and of the negative prompt. */
    readonly promptEmbeddings?: TextEmbeddings | undefined
    readonly negativePromptEmbeddings?: TextEmbeddings | undefined
    /** The inputs in memory that the record of the video names. */
    readonly given?: ReadonlyArray<string> | undefined
    /** Refuses a model with another hash: for a video that is to come out as it did before. */
    readonly modelHash?: string | undefined
  }

/** A request with the components that run it, the record that its video carries, and a sentence for a person. */
export interface PlannedVideo {
  readonly request: PipelineRequest
  readonly components: Context.Context<Components>
  readonly padding: number
  readonly record: VideoRecord
  readonly notice: string | undefined
}

/** Settings of the pipeline that are handed on as they are. */
const handedOn = [
  "negativePrompt",
  "steps",
  "timesteps",
  "sigmas",
  "guidanceScale",
  "latents",
  "promptEmbeddings",
  "negativePromptEmbeddings",
  "frames",
  "width",
  "height",
  "start",
  "sourcePrompt",
  "sourceGuidanceScale",
  "strength",
  "previewEvery",
] as const

/** Puts the components of a request together, reads its media and checks that it can be made; components are held until the scope closes. */
export const planVideo: (
  prompt: string,
  options: VideoOptions,
) => Effect.Effect<
  PlannedVideo,
  RequestError | ModelError | MediaError | PipelineError | PluginError,
  CurrentModel | Scope.Scope
> = Effect.fnUntraced(function* (prompt, options) {
  const model = yield* CurrentModel
  const selected = yield* model.select(options)
  return yield* Effect.provideContext(planWith(prompt, options, selected), selected.components)
}, failWithThrown)

const planWith = Effect.fnUntraced(function* (prompt: string, options: VideoOptions, selected: SelectedComponents) {
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
  const settings = handedOn.filter((name) => options[name] !== undefined).map((name) => [name, options[name]] as const)
  const request: PipelineRequest = {
    prompt,
    seed: options.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]!,
    ...Object.fromEntries(settings),
    ...(image === undefined ? {} : { image: image.video }),
    ...(video === undefined ? {} : { video: video.video }),
  }
  const { size: made, request: settled } = yield* planRun(request)
  const lora = yield* Effect.forEach(selected.loras, ({ path, weight, hash }) =>
    Effect.map(hash, (hash) => ({ path, weight, hash })),
  )
  const { start, sourcePrompt, sourceGuidanceScale } = request
  const record: VideoRecord = {
    prompt,
    negativePrompt: request.negativePrompt ?? "",
    seed: request.seed,
    steps: settled.steps,
    guidanceScale: settled.guidanceScale,
    guidanceMethod: (yield* Guidance).name,
    sampler: (yield* Sampler).name,
    maxSequenceLength: selected.options.maxSequenceLength,
    frames: made.frames,
    width: made.width,
    height: made.height,
    strength: video === undefined ? undefined : (request.strength ?? requestFields.strength.default),
    start: start === "noise" ? undefined : start,
    sourcePrompt,
    sourceGuidanceScale,
    inversion: start === "inversion" ? (yield* Inversion).name : undefined,
    fps: options.fps ?? video?.fps ?? model.fps,
    upscale: options.upscale ?? (Math.min(made.width, made.height) <= 64 ? 4 : 1),
    tiling: selected.options.tiling ?? false,
    lora: lora.length === 0 ? undefined : lora,
    ...cacheRecord(selected.options),
    image: image?.name,
    video: video?.name,
    model: model.folder.name,
    baseModel: model.baseModel,
    modelHash: hash,
    ...(selected.plugins.length === 0 ? {} : { plugins: selected.plugins.map(({ name }) => name) }),
    timesteps: options.timesteps,
    sigmas: options.sigmas,
    given: options.given,
    version,
  }
  const notices = [
    ...model.notices,
    selected.notice,
    ...selected.loras.flatMap(({ notices }) => notices),
    ...(video?.notices ?? []),
  ].filter((notice) => notice !== undefined)
  const planned: PlannedVideo = {
    request,
    components: selected.components,
    padding: made.padding,
    record,
    notice: notices.length === 0 ? undefined : notices.join(" "),
  }
  return planned
})
