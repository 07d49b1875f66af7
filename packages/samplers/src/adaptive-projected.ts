import { Guidance, type GuidanceShape, type Latents, linearCombination } from "@auteur/core"
import * as Layer from "effect/Layer"
import { classifierFree } from "./classifier-free.ts"

export interface AdaptiveProjectedOptions {
  /** η, how much is kept of the part along the clean estimate, which is what oversaturates; default 0. */
  readonly parallel?: number | undefined
  /**
   * r/√n, the largest root mean square of the difference between the two estimates, whatever the number n of latents; default 0.06, that of
   * the paper's r = 15 for its 4×128×128. Infinity holds nothing back.
   */
  readonly threshold?: number | undefined
  /** β, the part of the earlier differences that is added; below 0 each step leans away from the one before. Default −0.5. */
  readonly momentum?: number | undefined
}

const dot = (a: Latents, b: Latents): number => {
  const [x, y] = [a.contiguous().values(), b.contiguous().values()]
  let sum = 0
  for (let i = 0; i < x.length; i++) sum += x[i]! * y[i]!
  return sum
}

const key = "difference"

/**
 * Adaptive projected guidance: of the difference between the clean estimates with and without the prompt, what lies along the estimate itself
 * is taken out, its size is held and its running average is pushed away from (arXiv 2410.02416, algorithm 1).
 *
 * clean = conditional + (scale − 1)·Δ. The running average is kept in the run's memory.
 */
export const adaptiveProjected = ({
  parallel = 0,
  threshold = 0.06,
  momentum = -0.5,
}: AdaptiveProjectedOptions = {}): GuidanceShape => ({
  name: "adaptive-projected",
  usesUnconditional: classifierFree.usesUnconditional,
  combine: ({ conditional, unconditional, scale, level, state }) => {
    const before = state.get(key) as Latents | undefined
    const average = linearCombination([
      [1, conditional.clean],
      [-1, unconditional.clean],
      ...(before === undefined ? [] : [[momentum, before] as const]),
    ])
    state.set(key, average)

    const size = Math.sqrt(dot(average, average))
    const held = size === 0 ? 1 : Math.min(1, (threshold * Math.sqrt(average.size)) / size)
    const along = dot(conditional.clean, conditional.clean)
    const share = along === 0 ? 0 : dot(average, conditional.clean) / along
    // Δ = held·(average − (1 − η)·share·conditional)
    const strength = (scale - 1) * held
    const own = strength * (parallel - 1) * share
    const clean = linearCombination([
      [1 + own, conditional.clean],
      [strength, average],
    ])
    // Clean latents, where an inversion begins, are the sample itself and say nothing about noise.
    if (level.sigma === 0) return { clean: conditional.clean, noise: conditional.noise }
    // The same sample: alpha·clean + sigma·noise stays.
    const ratio = level.alpha / level.sigma
    return {
      clean,
      noise: linearCombination([
        [1, conditional.noise],
        [-ratio * own, conditional.clean],
        [-ratio * strength, average],
      ]),
    }
  },
})

export const layer: Layer.Layer<Guidance> = Layer.succeed(Guidance, adaptiveProjected())
