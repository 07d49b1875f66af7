import type { AttentionCache } from "./cache.ts"

export interface PyramidAttentionBroadcastOptions {
  /** N: attention is computed at every N-th call, and broadcast to the calls between. */
  readonly every: number
  /** The open interval of timesteps in which attention is reused; default 100 and 800. */
  readonly timesteps?: readonly [low: number, high: number] | undefined
}

/**
 * Pyramid attention broadcast (arXiv 2408.12588): in the middle of a run attention changes little from step to step, so its output
 * serves the next calls too.
 *
 * Decides as diffusers' `PyramidAttentionBroadcastConfig` by its `spatial_attention_block_skip_range`, as all attention of CogVideoX
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
