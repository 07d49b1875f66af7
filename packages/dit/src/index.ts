export type { AttentionCache, AttentionQuestion } from "./cache/attention-cache.ts"
export { firstBlockCache } from "./cache/first-block-cache.ts"
export {
  pyramidAttentionBroadcast,
  type PyramidAttentionBroadcastOptions,
} from "./cache/pyramid-attention-broadcast.ts"
export {
  relativeChange,
  type Signal,
  type StepCache,
  type StepDecision,
  type StepQuestion,
  type StepSignal,
} from "./cache/step-cache.ts"
export { teaCache, type TeaCacheOptions, type TeaEstimate, teaEstimate } from "./cache/tea-cache.ts"
export { parseTransformerConfig, type TransformerConfig } from "./config.ts"
export { checkTensors } from "./check-tensors.ts"
export { layer, type DenoiserOptions } from "./denoiser.ts"
export { type Lora } from "./lora.ts"
export { transformerProgram, type TransformerSize } from "./transformer.ts"
