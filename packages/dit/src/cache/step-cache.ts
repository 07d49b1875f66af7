import type { Tensor } from "@auteur/core"

/**
 * What a step cache looks at, in the order in which it costs more to find out:
 * - `timestep-embedding`: the vector that tells the blocks the timestep, before their SiLU. (B, 1, E)
 * - `modulated-input`: the video tokens as the first block's attention sees them, scaled and shifted by the timestep. (B, tokens, D)
 * - `first-block-residual`: what the first block adds to the video tokens. (B, tokens, D)
 */
export type StepSignal = "timestep-embedding" | "modulated-input" | "first-block-residual"

/** A signal at one call: a tensor for each run of the network, whose batch are the texts that go through together. */
export type Signal = ReadonlyArray<Tensor<"batch tokens channels">>

/** What a step cache decides from; the texts of guidance are decided on together. */
export interface StepQuestion {
  readonly signal: Signal
  /** The signal that it is compared with. */
  readonly previous: Signal
  /** What the decision before gave as its `distance`; 0 after the first call. */
  readonly distance: number
  /** Calls of the network before this one in the run: 1 at the first question, as the first call has nothing to reuse. */
  readonly index: number
  readonly timestep: number
  /** Whether it is the last call of the run. */
  readonly last: boolean
}

export interface StepDecision {
  /** Whether what the blocks added at the last call that was computed is added again, instead of running them. */
  readonly reuse: boolean
  /** A finite number for the next question. */
  readonly distance: number
}

/**
 * A cache of whole calls: where the signal has hardly changed, the blocks are not run, and the video tokens get what the blocks added
 * when they last ran. With `first-block-residual` all blocks but the first are left out, otherwise all.
 *
 * A plain value without state of its own, so that anybody can write one: what is kept from call to call lies in the memory of the run.
 * Its name is part of the model's name in checkpoints, so it should hold the settings.
 */
export interface StepCache {
  readonly kind: "step"
  readonly name: string
  readonly signal: StepSignal
  /** Which call the signal is compared with: the last one, or the last one whose blocks were run. */
  readonly comparedWith: "last call" | "last computed"
  readonly reuse: (question: StepQuestion) => StepDecision
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
