export {
  CheckpointError,
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
export { type GuidanceName, guidanceNames, inversionNames, type SamplerName, samplerNames } from "@auteur/samplers"
export type { VideoEstimate } from "./estimate-video.ts"
export type { GeneratedVideo } from "./generated-video.ts"
export type { LoraOptions } from "./lora.ts"
export type { OpenModelOptions } from "./model-services.ts"
export { type GenerateOptions, type Model, openModel } from "./open-model.ts"
export { type AuteurConfig, defineConfig } from "./plugins/config.ts"
export type { VideoRun } from "./video-run.ts"
