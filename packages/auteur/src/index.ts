export {
  CheckpointError,
  EngineError,
  type Estimate,
  type GenerateEvent,
  MediaError,
  ModelError,
  type PluginEntry,
  PluginError,
  PipelineError,
  RequestError,
  Tensor,
  type Video,
} from "@auteur/core"
export {
  defaultModel,
  HubError,
  nearNames,
  type ListedModel,
  listModels,
  type PullProgress,
  pullModel,
} from "@auteur/hub"
export { encodePng, toFrames } from "@auteur/media"
export { type GuidanceName, guidanceNames, inversionNames, type SamplerName, samplerNames } from "@auteur/samplers"
export {
  type AttentionCache,
  firstBlockCache,
  pyramidAttentionBroadcast,
  relativeChange,
  type StepCache,
  teaCache,
} from "@auteur/dit"
export { cacheFromRecord, type CacheName, cacheNames, cacheOf, type CacheOptions, defaultThresholds } from "./cache.ts"
export { type CheckedModel, checkFolder } from "./check-folder.ts"
export { estimateVideo, type VideoEstimate } from "./estimate-video.ts"
export { type Auteur, auteur, type GenerateOptions } from "./film.ts"
export { CurrentModel, type Film, filmLayer, type FilmOptions } from "./film-layer.ts"
export { type Finding, inspectMachine } from "./inspect-machine.ts"
export type { Job } from "./job.ts"
export type { LoraOptions } from "./lora.ts"
export { machineLayer } from "./machine.ts"
export { type LoadedModel, loadModel, type ModelOptions } from "./load-model.ts"
export type { MadeVideo } from "./made-video.ts"
export {
  makeVideo,
  type MakeVideoHooks,
  type MakeVideoOptions,
  resumeVideo,
  type ResumeVideoOptions,
} from "./make-video.ts"
export { defaultGuidance, defaultSteps, planVideo, type VideoOptions } from "./plan-video.ts"
export { builtInParts } from "./plugins/built-in-parts.ts"
export { checkPlugins, type CheckedLaw } from "./plugins/check-plugins.ts"
export type { LoadedPlugin } from "./plugins/built-plugin.ts"
export type { PluginReport, ProvidedPart } from "./plugins/plugin-report.ts"
export { type AuteurConfig, type ConfigEntry, defineConfig, type LoadedConfig } from "./plugins/config.ts"
export type { PluginLimits } from "./plugins/limits.ts"
export { loadConfig, type LoadConfigOptions } from "./plugins/load-config.ts"
export { addedPlugins, ownParts, requirePlugins } from "./plugins/recorded-plugins.ts"
export { readRecord } from "./read-record.ts"
export type { UnfinishedVideo } from "./render.ts"
export { version } from "./version.ts"
export type { VideoRecord } from "./video-record.ts"
