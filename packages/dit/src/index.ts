export {
  type AttentionCache,
  type AttentionCacheInput,
  type CacheInput,
  relativeChange,
  type Signal,
  type StepCache,
  type StepCacheInput,
  type StepDecision,
  type StepSignal,
} from "./cache/cache.ts"
export { firstBlockCache } from "./cache/first-block-cache.ts"
export {
  pyramidAttentionBroadcast,
  type PyramidAttentionBroadcastOptions,
} from "./cache/pyramid-attention-broadcast.ts"
export { teaCache, type TeaCacheOptions, type TeaEstimate, teaEstimate } from "./cache/tea-cache.ts"
export { parseTransformerConfig, type TransformerConfig } from "./config.ts"
export { layer, type DenoiserOptions } from "./denoiser.ts"
export { type Lora, loraNotices } from "./lora/lora.ts"
export { transformerProgram, type TransformerSize } from "./transformer.ts"
