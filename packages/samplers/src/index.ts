export {
  adaptiveProjected,
  type AdaptiveProjectedOptions,
  layer as adaptiveProjectedLayer,
} from "./adaptive-projected.ts"
export * from "./beta-schedule.ts"
export { classifierFree, layer as classifierFreeLayer } from "./classifier-free.ts"
export { ddim } from "./ddim.ts"
export { ddpm, type DdpmSettings, type DdpmVariance } from "./ddpm.ts"
export type { DiffusionSettings } from "./diffusion-settings.ts"
export { dpmSolver } from "./dpm-solver.ts"
export { dynamicGuidance, dynamicStrength, layer as dynamicGuidanceLayer } from "./dynamic-guidance.ts"
export { flowEuler, type FlowEulerSettings } from "./flow-euler.ts"
export { flowHeun } from "./flow-heun.ts"
export { type GuidanceName, guidanceNamed, guidanceNames, guidances } from "./guidances.ts"
export {
  ddimInversion,
  flowInversion,
  inversionLayer,
  type InversionName,
  inversionNames,
  inversions,
} from "./inversion.ts"
export { eulerGrid, type FlowGrid, type FlowSettings, type SigmaSpacing, uniPcGrid } from "./flow-sigmas.ts"
export { matchedGrid, matchedTable } from "./other-process.ts"
export { layer as rescaledGuidanceLayer, rescaledGuidance } from "./rescaled-guidance.ts"
export {
  type ConfiguredSampler,
  samplerFromConfig,
  type SamplerName,
  samplerNamed,
  samplerNames,
  type TrainingProcess,
  trainingProcess,
} from "./scheduler-config.ts"
export type { TimestepSpacing } from "./timestep-spacing.ts"
export { uniPc, type UniPcSettings } from "./unipc.ts"
