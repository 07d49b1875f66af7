export {
  CheckpointError,
  EngineError,
  type Latents,
  MediaError,
  ModelError,
  PipelineError,
  PluginError,
  RequestError,
  type StepEnd,
  Tensor,
  type Video,
} from "@auteur/core"
export { guidanceNames, inversionNames, samplerNames } from "@auteur/samplers"
export { type DecodedVideo, GeneratedVideo } from "./door/generated-video.ts"
export { type Model, openModel } from "./door/open-model.ts"
export type { GenerateOptions, OpenModelOptions, RequestOptions, ResumeOptions } from "./door/options.ts"
export type { VideoEvent } from "./door/run-request.ts"
export { AbortError } from "./door/tagged-error.ts"
export type { VideoRun } from "./door/video-run.ts"
export { cacheNames } from "./model/transformer-cache.ts"
export { defineConfig } from "./plugins/config.ts"
export type { VideoEstimate } from "./video/estimate-video.ts"
