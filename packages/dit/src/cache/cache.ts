import { PipelineError, type Tensor } from "@auteur/core"

/**
 * The tensor that a step cache compares from call to call, in the order of what it costs to compute:
 * - `timestep-embedding`: the vector that modulates the blocks, before its SiLU. (B, 1, E)
 * - `modulated-input`: the video tokens as the first block's attention sees them, scaled and shifted by the timestep. (B, tokens, D)
 * - `first-block-residual`: what the first block adds to the video tokens. (B, tokens, D)
 */
export type StepSignal = "timestep-embedding" | "modulated-input" | "first-block-residual"

/** A signal at one call: a tensor for each batch of texts. */
export type Signal = ReadonlyArray<Tensor<"batch tokens channels">>

/** The place of a call in a run. */
export interface CacheInput {
  /** Calls of the network before this one. A cache is consulted from 1 on, as the first call has nothing to reuse. */
  readonly index: number
  readonly timestep: number
  /** Whether it is the last call of the run. */
  readonly last: boolean
}

/** The basis of a step cache's decision, for all texts of a call together. */
export interface StepCacheInput extends CacheInput {
  readonly signal: Signal
  /** The signal that it is compared with. */
  readonly previous: Signal
  /** The `distance` of the decision before; 0 after the first call. */
  readonly distance: number
}

export interface StepDecision {
  /** Whether to add what the blocks added when they last ran, instead of running them. */
  readonly reuse: boolean
  /** A finite number for the next decision. */
  readonly distance: number
}

/**
 * A cache of whole calls: where the signal has hardly changed, the blocks are not run, and the video tokens get what the blocks added
 * when they last ran. With `first-block-residual` the first block always runs.
 *
 * A plain value without state of its own, so that anybody can write one: what is kept from call to call is part of the run's state.
 * Its name becomes part of the model's name in checkpoints, so it should contain the settings.
 */
export interface StepCache {
  readonly kind: "step"
  readonly name: string
  readonly signal: StepSignal
  /** The call that the signal is compared with: the last one, or the last one that ran the blocks. */
  readonly comparedWith: "last call" | "last computed"
  readonly reuse: (input: StepCacheInput) => StepDecision
}

/** mean |signal − previous| / mean |previous| over all texts, tokens and channels. */
export const relativeChange = (signal: Signal, previous: Signal): number => {
  let [change, size] = [0, 0]
  for (const [i, tensor] of signal.entries()) {
    const [now, before] = [tensor.values(), previous[i]!.values()]
    for (let at = 0; at < now.length; at++) {
      change += Math.abs(now[at]! - before[at]!)
      size += Math.abs(before[at]!)
    }
  }
  return change === 0 ? 0 : change / size
}

/** The basis of an attention cache's decision on one block. */
export interface AttentionCacheInput extends CacheInput {
  /** The block, from 0. */
  readonly block: number
  /** The number of blocks. */
  readonly blocks: number
}

/**
 * A cache of attention: a block that reuses takes the output of its attention, for text and video, from the call that last computed it.
 *
 * A plain value without state of its own, so that anybody can write one; it is not consulted on a block whose attention was never
 * computed. Each set of blocks that reuse is a program of its own, so a good cache has few. Its name becomes part of the model's name in
 * checkpoints, so it should contain the settings.
 */
export interface AttentionCache {
  readonly kind: "attention"
  readonly name: string
  readonly reuses: (input: AttentionCacheInput) => boolean
}

/** The error for a cache that throws, or decides on something that is not a decision. */
export const cacheFailure = (
  cache: string,
  model: string,
  { index, timestep }: CacheInput,
  cause: unknown,
): PipelineError =>
  new PipelineError({
    message: `The cache "${cache}" of ${model} failed at call ${index + 1}, timestep ${timestep}: ${cause instanceof Error ? cause.message : String(cause)}; correct it, or leave it out.`,
    cause,
  })
