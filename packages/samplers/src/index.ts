export { ddim } from "./ddim.ts"
export { ddpm, type DdpmSettings, type DdpmVariance } from "./ddpm.ts"
export { dpmSolver } from "./dpm-solver.ts"
export { flowEuler, type FlowEulerSettings } from "./flow-euler.ts"
export { flowHeun } from "./flow-heun.ts"
export {
  adaptiveProjected,
  type AdaptiveProjectedOptions,
  layer as adaptiveProjectedLayer,
} from "./guidance/adaptive-projected.ts"
export { classifierFree, layer as classifierFreeLayer } from "./guidance/classifier-free.ts"
export { dynamicClassifierFree, layer as dynamicClassifierFreeLayer } from "./guidance/dynamic.ts"
export { type GuidanceName, guidanceNamed, guidanceNames, guidances } from "./guidance/guidances.ts"
export { layer as rescaledGuidanceLayer, rescaledGuidance } from "./guidance/rescaled.ts"
export {
  ddimInversion,
  flowInversion,
  inversionLayer,
  type InversionName,
  inversionNames,
  inversions,
} from "./inversion.ts"
export {
  type ConfiguredSampler,
  samplerFromConfig,
  samplerNamed,
  samplerNames,
  type TrainingProcess,
  trainingProcess,
} from "./scheduler-config/scheduler-config.ts"
export type { SamplerName } from "./scheduler-config/scheduler-class.ts"
export { eulerGrid, type FlowGrid, type FlowSettings, matchedGrid, type SigmaSpacing, uniPcGrid } from "./sigmas.ts"
export type { DiffusionSettings, TimestepSpacing } from "./timesteps.ts"
export { uniPc, type UniPcSettings } from "./unipc.ts"
