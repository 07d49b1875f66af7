import type {
  Guidance,
  Inversion,
  Latents,
  MediaSource,
  PluginEntry,
  Sampler,
  StepChange,
  StepEnd,
  TextEmbeddings,
  VideoRequest,
} from "@auteur/core"
import type { GuidanceName, InversionName, SamplerName } from "@auteur/samplers"
import type * as Layer from "effect/Layer"
import type { ComponentOptions } from "../model/components.ts"
import type { Frames } from "../video/sources.ts"

/** The components of a request. Those that a request does not name are those that the model was opened with. */
export interface ComponentSettings extends Omit<ComponentOptions, "sampler" | "guidanceMethod" | "inversion"> {
  /** The sampler, by name or itself; by default the one of a plugin, or else the one of the model folder. */
  readonly sampler?: SamplerName | Sampler["Service"] | undefined
  /** How the prompt steers, by name or the method itself; by default the one of a plugin, or else `classifier-free`. */
  readonly guidanceMethod?: GuidanceName | Guidance["Service"] | undefined
  /** The method that walks the source video back to noise, for the start `inversion`; default `flow-heun`. */
  readonly inversion?: InversionName | Inversion["Service"] | undefined
}

/** How to open a model. */
export interface OpenModelOptions extends ComponentSettings {
  /** The whole model that a folder of single components belongs to: a folder, a bundled name or `org/name`. */
  readonly baseModel?: string | undefined
  /** Requests that run at a time; default 1. The others wait in the order of arrival. */
  readonly concurrency?: number | undefined
  /**
   * Bytes that the model may take. A request that needs more is refused with the setting that would make it fit, and idle sessions make
   * way. By default what is free.
   */
  readonly memoryLimit?: number | undefined
  /** Threads of each operator; by default one for each physical core. */
  readonly threads?: number | undefined
  /** Components from outside; where two provide the same, the later is used. */
  readonly plugins?: PluginEntry
  /** An Effect layer under which all work runs, such as a tracer or loggers. */
  readonly telemetry?: Layer.Layer<never> | undefined
}

type Optional<Fields> = { readonly [Name in keyof Fields]?: Fields[Name] | undefined }

/** The request for a video; all but the prompt has a default. */
export interface RequestOptions
  extends Optional<Omit<VideoRequest, "prompt" | "image" | "video" | keyof ComponentOptions>>, ComponentSettings {
  /** The first frame, for image-to-video models: a path, a URL, bytes or frames. All but frames is resized. */
  readonly image?: MediaSource | Frames | undefined
  /** The video to start from: a path, a URL, bytes or frames. All but frames is resized, and cut to a length that can be made. */
  readonly video?: MediaSource | Frames | undefined
  /** Normal noise to start from, in place of that of the seed. (1, f, c, h, w) */
  readonly latents?: Latents | undefined
  /** Embeddings to use in place of the prompt's, as `model.encodePrompt` gives them. */
  readonly promptEmbeddings?: TextEmbeddings | undefined
  /** Embeddings to use in place of the negative prompt's. */
  readonly negativePromptEmbeddings?: TextEmbeddings | undefined
  /** Called after each step, before the next one. It may return `{ latents, guidanceScale }` to change either. */
  readonly onStepEnd?: OnStepEnd | undefined
  /** Aborts the work at once, also while it waits for its turn. */
  readonly signal?: AbortSignal | undefined
}

/** A function that is called after each step; the run waits for it. What it throws ends the run. */
export type OnStepEnd = (step: StepEnd) => StepChange | void | Promise<StepChange | void>

/** A request, and how many videos of it. */
export interface GenerateOptions extends RequestOptions {
  /** Videos of each prompt, with the seeds `seed`, `seed + 1`, … Each is the same as when it is made alone. */
  readonly videosPerPrompt?: number | undefined
}

/** The options of a resumed run, which its checkpoint does not hold. */
export type ResumeOptions = Pick<
  RequestOptions,
  "sampler" | "guidanceMethod" | "cache" | "onStepEnd" | "signal" | "fps" | "upscale"
>

/** The names of options, for messages about others. */
type Names<Options> = { readonly [Name in keyof Required<Options>]: true }

const componentNames: Names<ComponentSettings> = {
  sampler: true,
  guidanceMethod: true,
  inversion: true,
  tiling: true,
  vaeWorkers: true,
  maxSequenceLength: true,
  lora: true,
  cache: true,
  cacheThreshold: true,
}

const requestNames: Names<RequestOptions> = {
  negativePrompt: true,
  seed: true,
  steps: true,
  timesteps: true,
  sigmas: true,
  guidanceScale: true,
  frames: true,
  width: true,
  height: true,
  fps: true,
  upscale: true,
  image: true,
  video: true,
  strength: true,
  start: true,
  sourcePrompt: true,
  sourceGuidanceScale: true,
  previewEvery: true,
  latents: true,
  promptEmbeddings: true,
  negativePromptEmbeddings: true,
  onStepEnd: true,
  signal: true,
  ...componentNames,
}

const openNames: Names<OpenModelOptions> = {
  ...componentNames,
  baseModel: true,
  concurrency: true,
  memoryLimit: true,
  threads: true,
  plugins: true,
  telemetry: true,
}

const resumeNames: Names<ResumeOptions> = {
  sampler: true,
  guidanceMethod: true,
  cache: true,
  onStepEnd: true,
  signal: true,
  fps: true,
  upscale: true,
}

/** The names of the options of each method. */
export const optionNames: Readonly<Record<"open" | "request" | "generate" | "resume", ReadonlyArray<string>>> = {
  open: Object.keys(openNames),
  request: Object.keys(requestNames),
  generate: [...Object.keys(requestNames), "videosPerPrompt"],
  resume: Object.keys(resumeNames),
}
