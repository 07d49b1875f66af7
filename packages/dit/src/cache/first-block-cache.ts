import { relativeChange, type StepCache } from "./step-cache.ts"

/**
 * First-block cache: the blocks after the first are left out while what the first one adds has changed by no more than `threshold`,
 * relative to the last call at which all were run.
 *
 * After ParaAttention's "first block cache"; it decides as diffusers' `FirstBlockCacheConfig`, whose default is 0.05.
 */
export const firstBlockCache = ({ threshold }: { readonly threshold: number }): StepCache => ({
  kind: "step",
  name: `first-block ${threshold}`,
  signal: "first-block-residual",
  comparedWith: "last computed",
  reuse: ({ signal, previous }) => ({ reuse: relativeChange(signal, previous) <= threshold, distance: 0 }),
})
