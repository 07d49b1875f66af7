export { BrokenLaw, type Check, type Subject } from "./check.ts"
export { type SamplerTestOptions, testSampler } from "./test-sampler.ts"
