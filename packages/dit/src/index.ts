export { parseTransformerConfig, type TransformerConfig } from "./config.ts"
export { checkTensors } from "./check-tensors.ts"
export { layer, type DenoiserOptions } from "./denoiser.ts"
export { transformerProgram, type TransformerSize } from "./transformer.ts"
