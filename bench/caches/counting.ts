import type { AttentionCache, StepCache } from "@auteur/dit"

/** The number of calls of a cache, and how many of them reused. */
export interface Counter {
  calls: number
  reused: number
}

/** The cache with a count of its decisions. */
export const counting = (cache: StepCache | AttentionCache, counter: Counter): StepCache | AttentionCache => {
  const count = <A>(decision: A, reuse: boolean): A => {
    counter.calls++
    if (reuse) counter.reused++
    return decision
  }
  if (cache.kind === "attention") {
    return {
      ...cache,
      reuses: (question) => {
        const reuse = cache.reuses(question)
        return count(reuse, reuse)
      },
    }
  }
  return {
    ...cache,
    reuse: (question) => {
      const decision = cache.reuse(question)
      return count(decision, decision.reuse)
    },
  }
}

/** The transformer's widths that its operations depend on. */
export interface BlockShape {
  readonly tokens: number
  readonly width: number
  readonly blocks: number
}

/** The share of a block's operations that are its attention's: q, k, v and output, and scores and values for each pair of tokens. */
export const attentionShare = ({ tokens, width }: Pick<BlockShape, "tokens" | "width">): number => {
  const attention = 8 * width ** 2 + 4 * tokens * width
  return attention / (attention + 16 * width ** 2)
}

/** The share of the blocks' operations that was left out in so many calls. */
export const leftOutShare = (
  cache: StepCache | AttentionCache,
  { reused }: Counter,
  calls: number,
  shape: BlockShape,
): number => {
  if (cache.kind === "attention") return (reused / (calls * shape.blocks)) * attentionShare(shape)
  const run = cache.signal === "first-block-residual" ? 1 : 0
  return (reused * (shape.blocks - run)) / (calls * shape.blocks)
}

/** 10 log₁₀(255² / mean squared difference) of two videos of 8 bits; infinite for equal ones. */
export const psnr = (a: Uint8Array, b: Uint8Array): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2
  return 10 * Math.log10(255 ** 2 / (sum / a.length))
}
