export type { AxisNames, AxisTuple, Sizes } from "./axes.ts"
export { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts"
export * from "./denoiser.ts"
export {
  bytesPerElement,
  type DataOf,
  type DType,
  fromBfloat16,
  fromFloat16,
  toBfloat16,
  toFloat16,
} from "./dtype.ts"
export * from "./errors.ts"
export { type Cost, estimate, type Estimate, Hardware } from "./estimate.ts"
export * from "./events.ts"
export * from "./guidance.ts"
export * from "./latent-space.ts"
export { latentFrames } from "./legal-size.ts"
export * from "./noise-levels.ts"
export * from "./noise-process.ts"
export { generate, type GenerateError, resume } from "./pipeline.ts"
export * from "./pixels.ts"
export * from "./random.ts"
export * from "./request.ts"
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
