import type { AttentionCache } from "./attention-cache.ts"

export interface PyramidAttentionBroadcastOptions {
  /** Attention is computed at every so many calls, and broadcast to the ones between. */
  readonly every: number
  /** Only between these timesteps, which do not belong to it; default 100 and 800. */
  readonly timesteps?: readonly [low: number, high: number] | undefined
}

/**
 * Pyramid attention broadcast (arXiv 2408.12588): in the middle of a run attention changes little from step to step, so its output is
 * used for the next calls too.
 *
 * It decides as diffusers' `PyramidAttentionBroadcastConfig` with its `spatial_attention_block_skip_range`, as all attention of CogVideoX
 * is 3D full attention.
 */
export const pyramidAttentionBroadcast = ({
  every,
  timesteps: [low, high] = [100, 800],
}: PyramidAttentionBroadcastOptions): AttentionCache => ({
  kind: "attention",
  name: `pyramid ${every}${low === 100 && high === 800 ? "" : ` ${low}-${high}`}`,
  reuses: ({ index, timestep }) => low < timestep && timestep < high && index % every !== 0,
})
