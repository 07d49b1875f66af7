export { defaultModel } from "./cache/known-models.ts"
export * from "./cache/list-models.ts"
export { resolveModel, type ResolveOptions } from "./cache/resolve-model.ts"
export { HubError, type HubErrorReason } from "./hub-error.ts"
export { type PulledModel, pullModel, type PullOptions, type PullProgress } from "./download/pull-model.ts"
export { findLora, type LoraFile } from "./folder/lora-file.ts"
export {
  checkModel,
  type Component,
  type ModelFolder,
  type ModelFolderOptions,
  openModelFolder,
} from "./folder/model-folder.ts"
export { modelHash } from "./folder/model-hash.ts"
export { findWeights, type WeightFiles } from "./folder/weight-files.ts"
export { nearestNames } from "./nearest-names.ts"
