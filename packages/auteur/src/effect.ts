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
export { cacheFromRecord, type CacheName, cacheNames, cacheOf, type CacheOptions, defaultThresholds } from "./cache.ts"
export { type CheckedModel, checkFolder } from "./check-folder.ts"
export { estimateVideo } from "./estimate-video.ts"
export { type Finding, inspectMachine } from "./inspect-machine.ts"
export { type LoadedModel, loadModel, type ModelOptions } from "./load-model.ts"
export { machineLayer } from "./machine.ts"
export {
  makeVideo,
  type MakeVideoHooks,
  type MakeVideoOptions,
  resumeVideo,
  type ResumeVideoOptions,
} from "./make-video.ts"
export { CurrentModel, modelLayer, type ModelServices } from "./model-services.ts"
export { defaultGuidance, defaultSteps, planVideo, type VideoOptions } from "./plan-video.ts"
export type { LoadedPlugin } from "./plugins/built-plugin.ts"
export { builtInParts } from "./plugins/built-in-parts.ts"
export { checkPlugins, type CheckedLaw } from "./plugins/check-plugins.ts"
export type { ConfigEntry, LoadedConfig } from "./plugins/config.ts"
export type { PluginLimits } from "./plugins/limits.ts"
export { loadConfig, type LoadConfigOptions } from "./plugins/load-config.ts"
export type { PluginReport, ProvidedPart } from "./plugins/plugin-report.ts"
export { addedPlugins, ownParts, requirePlugins } from "./plugins/recorded-plugins.ts"
export { readRecord } from "./read-record.ts"
export type { UnfinishedVideo } from "./render.ts"
export { version } from "./version.ts"
export type { VideoRecord } from "./video-record.ts"
