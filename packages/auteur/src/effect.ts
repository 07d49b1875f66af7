// The subpath `auteur/effect`: for programs that compose Effect services, and for shells such as the command line.
export { type GenerateEvent, type PluginEntry, requestFields, type VideoRequest } from "@auteur/core"
export {
  type AttentionCache,
  firstBlockCache,
  pyramidAttentionBroadcast,
  relativeChange,
  type StepCache,
  teaCache,
} from "@auteur/dit"
export {
  defaultModel,
  type ListedModel,
  listModels,
  nearestNames,
  type PulledModel,
  type PullProgress,
  pullModel,
} from "@auteur/hub"
export { encodePng, toFrames } from "@auteur/media"
export {
  makeVideo,
  type MakeVideoHooks,
  type MakeVideoOptions,
  resumeVideo,
  type ResumeVideoOptions,
} from "./file/make-video.ts"
export { readRecord } from "./file/read-record.ts"
export type { UnfinishedVideo } from "./file/render.ts"
export { type CheckedModel, checkFolder } from "./model/check-folder.ts"
export type { ComponentOptions, Components } from "./model/components.ts"
export { type Finding, inspectMachine } from "./model/inspect-machine.ts"
export { type LoadedModel, loadModel, type ModelOptions } from "./model/load-model.ts"
export type { LoraOptions } from "./model/lora.ts"
export { machineLayer } from "./model/machine.ts"
export { CurrentModel, modelLayer, type ModelLayerOptions, type ModelServices } from "./model/model-services.ts"
export {
  type CacheChoice,
  cacheFromRecord,
  type CacheName,
  cacheNames,
  cacheOf,
  defaultThresholds,
} from "./model/transformer-cache.ts"
export { checkPlugins, type CheckedLaw } from "./plugins/check-plugins.ts"
export type { ConfigEntry, LoadedConfig, LoadedPlugin } from "./plugins/config.ts"
export { loadConfig, type LoadConfigOptions } from "./plugins/load-config.ts"
export { builtInComponents, type PluginReport, type ProvidedComponent } from "./plugins/plugin-report.ts"
export { addedPlugins, requirePlugins } from "./plugins/recorded-plugins.ts"
export { version } from "./version.ts"
export { estimateVideo } from "./video/estimate-video.ts"
export { planVideo, type VideoOptions } from "./video/plan-video.ts"
export type { VideoRecord } from "./video/video-record.ts"
