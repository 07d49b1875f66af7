export { layer } from "./node/layer.ts"
export { openWeights } from "./node/open-weights.ts"
