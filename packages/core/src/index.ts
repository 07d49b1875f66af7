export type { AxisNames, AxisTuple, Sizes } from "./tensor/axes.ts"
export { type Checkpoint, decodeCheckpoint, encodeCheckpoint, readCheckpointNote } from "./pipeline/checkpoint.ts"
export * from "./services/cost.ts"
export * from "./services/denoiser.ts"
export {
  bytesPerElement,
  type DataOf,
  type DType,
  fromBfloat16,
  fromFloat16,
  toBfloat16,
  toFloat16,
} from "./tensor/dtype.ts"
export * from "./services/editor.ts"
export { cos, exp, log, roundHalfEven, sin } from "./random/elementary-functions.ts"
export * from "./services/errors.ts"
export { estimate, type Estimate, type EstimatedStage } from "./pipeline/estimate.ts"
export * from "./pipeline/events.ts"
export * from "./services/guidance.ts"
export * from "./services/inversion.ts"
export * from "./services/latent-space.ts"
export * from "./services/hardware.ts"
export { latentFrames, multipleProblem } from "./pipeline/latent-size.ts"
export * from "./noise/noise-levels.ts"
export * from "./noise/noise-process.ts"
export { failWithThrown } from "./pipeline/component-error.ts"
export { fromPlugin } from "./plugin/component-origin.ts"
export { generate, type GenerateError, resume, type StartComponents } from "./pipeline/generate.ts"
export * from "./random/normal-like.ts"
export * from "./pipeline/pixels.ts"
export * from "./plugin/plugin.ts"
export * from "./plugin/plugin-list.ts"
export * from "./random/random.ts"
export {
  type GenerateRequest,
  type InversionFreeRequest,
  type InversionRequest,
  type LoraSetting,
  pipelineFields,
  type PipelineRequest,
  type RequestField,
  requestFields,
  type StartKind,
  VideoRequest,
} from "./pipeline/video-request.ts"
export type { ComponentState } from "./services/component-state.ts"
export { planRun, type RunPlan } from "./pipeline/plan.ts"
export * from "./weights/safetensors.ts"
export type { SafetensorsData, SafetensorsDType } from "./weights/safetensors-dtype.ts"
export * from "./weights/safetensors-error.ts"
export * from "./weights/safetensors-header.ts"
export * from "./services/sampler.ts"
export * from "./tensor/shape-error.ts"
export * from "./tensor/tensor.ts"
export * from "./tensor/tensor-arithmetic.ts"
export * from "./tensor/tensor-statistics.ts"
export * from "./services/text-encoder.ts"
export * from "./services/video-io.ts"
export * from "./services/video-vae.ts"
export * from "./weights/weights.ts"
