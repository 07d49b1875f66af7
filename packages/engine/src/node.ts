export { availableMemory } from "./node/available-memory.ts"
export { layer } from "./node/layer.ts"
export { executionProviders, type RuntimeInfo } from "./node/execution-providers.ts"
export { openWeights } from "./node/open-weights.ts"
