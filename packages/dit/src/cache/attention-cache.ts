/** What an attention cache decides from. */
export interface AttentionQuestion {
  /** The block, from 0, of so many. */
  readonly block: number
  readonly blocks: number
  /** Calls of the network before this one in the run. */
  readonly index: number
  readonly timestep: number
  /** Whether it is the last call of the run. */
  readonly last: boolean
}

/**
 * A cache of attention: blocks that take the output of their attention, for text and video, from the call at which it was last computed.
 *
 * A plain value without state of its own, so that anybody can write one. A block whose attention was not computed before is not asked
 * about. Each set of blocks that reuse is a program of its own, so a good cache has few. Its name is part of the model's name in
 * checkpoints, so it should hold the settings.
 */
export interface AttentionCache {
  readonly kind: "attention"
  readonly name: string
  readonly reuses: (question: AttentionQuestion) => boolean
}
