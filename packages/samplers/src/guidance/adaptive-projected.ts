import { Guidance, type GuidanceShape, type Latents, linearCombination } from "@auteur/core"
import * as Layer from "effect/Layer"
import { classifierFree } from "./classifier-free.ts"

export interface AdaptiveProjectedOptions {
  /** η, the weight of the component parallel to the predicted clean latents, which oversaturates; default 0. */
  readonly eta?: number | undefined
  /**
   * r/√n, the largest root mean square of the difference between the two predictions of n latents; default 0.06, as the paper's r = 15
   * for its 4×128×128. Infinity for no limit.
   */
  readonly threshold?: number | undefined
  /** β, the weight of earlier differences; below 0 a step moves away from the one before. Default −0.5. */
  readonly momentum?: number | undefined
}

const dot = (a: Latents, b: Latents): number => {
  const [x, y] = [a.contiguous().values(), b.contiguous().values()]
  let sum = 0
  for (let i = 0; i < x.length; i++) sum += x[i]! * y[i]!
  return sum
}

/** The name of the running average of differences in the guidance's state. */
const key = "difference"

/**
 * Adaptive projected guidance (arXiv 2410.02416, algorithm 1): takes the difference between the predictions with and without the prompt,
 * adds β times its running average, limits its norm, and removes the component parallel to the prediction.
 *
 * clean = conditional + (g − 1) · Δ. The running average is part of the guidance's state.
 */
export const adaptiveProjected = ({
  eta = 0,
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
    // Δ = held · (average − (1 − η) · share · conditional)
    const strength = (scale - 1) * held
    const own = strength * (eta - 1) * share
    const clean = linearCombination([
      [1 + own, conditional.clean],
      [strength, average],
    ])
    // At the start of an inversion the sample is clean, and says nothing about noise.
    if (level.sigma === 0) return { clean: conditional.clean, noise: conditional.noise }
    // The noise that belongs to the same sample, alpha · clean + sigma · noise.
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
