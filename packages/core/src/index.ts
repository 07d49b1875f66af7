export type { AxisNames, AxisTuple, Sizes } from "./axes.ts"
export { type Checkpoint, decodeCheckpoint, encodeCheckpoint, readCheckpointNote } from "./checkpoint.ts"
export * from "./cost.ts"
export * from "./denoiser.ts"
export { bytesPerElement, type DataOf, type DType, fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from "./dtype.ts"
export * from "./editor.ts"
export { cos, exp, log, roundHalfEven, sin } from "./elementary-functions.ts"
export * from "./errors.ts"
export { estimate, type Estimate, type EstimatedStage } from "./estimate.ts"
export * from "./events.ts"
export * from "./guidance.ts"
export * from "./inversion.ts"
export * from "./latent-space.ts"
export * from "./hardware.ts"
export { latentFrames, multipleProblem } from "./legal-size.ts"
export * from "./noise-levels.ts"
export * from "./noise-process.ts"
export { failWithThrown } from "./part-failure.ts"
export { fromPlugin } from "./part-origin.ts"
export { generate, type GenerateError, resume, type StartComponents } from "./pipeline/generate.ts"
export * from "./normal-like.ts"
export * from "./pixels.ts"
export * from "./plugin.ts"
export * from "./plugin-list.ts"
export * from "./random.ts"
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
export type { ComponentState } from "./run-memory.ts"
export { planRun, type RunPlan } from "./run-plan.ts"
export * from "./safetensors.ts"
export type { SafetensorsData, SafetensorsDType } from "./safetensors-dtype.ts"
export * from "./safetensors-error.ts"
export * from "./safetensors-header.ts"
export * from "./sampler.ts"
export * from "./shape-error.ts"
export * from "./tensor.ts"
export * from "./tensor-arithmetic.ts"
export * from "./tensor-statistics.ts"
export * from "./text-encoder.ts"
export * from "./video-io.ts"
export * from "./video-vae.ts"
export * from "./weights.ts"
