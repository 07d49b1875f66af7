import { relativeChange, type StepCache } from "./cache.ts"

/**
 * First-block cache: skips the blocks after the first while the residual of the first has changed by no more than `threshold`,
 * relative to the last call that ran them all.
 *
 * From ParaAttention; decides as diffusers' `FirstBlockCacheConfig`, whose default is 0.05.
 */
export const firstBlockCache = ({ threshold }: { readonly threshold: number }): StepCache => ({
  kind: "step",
  name: `first-block ${threshold}`,
  signal: "first-block-residual",
  comparedWith: "last computed",
  reuse: ({ signal, previous }) => ({ reuse: relativeChange(signal, previous) <= threshold, distance: 0 }),
})
