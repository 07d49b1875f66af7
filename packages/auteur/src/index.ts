export {
  CheckpointError,
  type EncodedVideo,
  EngineError,
  type Latents,
  MediaError,
  ModelError,
  PipelineError,
  PluginError,
  RequestError,
  Tensor,
  type Video,
} from "@auteur/core"
export { HubError } from "@auteur/hub"
export { guidanceNames, inversionNames, samplerNames } from "@auteur/samplers"
export { DecodedVideo, GeneratedVideo, type WriteOptions } from "./door/generated-video.ts"
export { type Model, openModel } from "./door/open-model.ts"
export type {
  GenerateOptions,
  OpenModelOptions,
  RequestOptions,
  ResumeOptions,
  StepChange,
  StepEnd,
} from "./door/options.ts"
export type { VideoEvent } from "./door/run-request.ts"
export { AbortError } from "./door/tagged-error.ts"
export type { VideoRun } from "./door/video-run.ts"
export { cacheNames } from "./model/transformer-cache.ts"
export { type AuteurConfig, defineConfig } from "./plugins/config.ts"
export type { VideoEstimate } from "./video/estimate-video.ts"
