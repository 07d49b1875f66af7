import {
  Guidance,
  type GuidanceShape,
  type Latents,
  type Level,
  linearCombination,
  type NoiseProcess,
  type Prediction,
  std,
} from "@auteur/core"
import * as Layer from "effect/Layer"
import { classifierFree } from "./classifier-free.ts"

/** a and b of the network's own output a · noise − b · clean: v of diffusion, the velocity of rectified flow. */
const coefficientsOf = (process: NoiseProcess, { alpha, sigma }: Level): readonly [a: number, b: number] =>
  process.kind === "rectified-flow" ? [1, 1] : [alpha, sigma]

/**
 * Classifier-free guidance with its output rescaled towards the standard deviation of the conditional output, against overexposure at
 * high scales (arXiv 2305.08891 §3.4).
 *
 * `phi` is the weight of the rescaled output, from 0 to 1. The output is v for diffusion and noise − clean for rectified flow, and its
 * standard deviation is that of all latents together. The result is a prediction for the same sample.
 */
export const rescaledGuidance = (phi: number = 0.7): GuidanceShape => ({
  name: "rescaled",
  usesUnconditional: classifierFree.usesUnconditional,
  combine: (input) => {
    const { conditional, level, process } = input
    const { alpha, sigma } = level
    const [a, b] = coefficientsOf(process, level)
    const outputOf = ({ clean, noise }: Prediction): Latents =>
      linearCombination([
        [a, noise],
        [-b, clean],
      ])
    const { clean, noise } = classifierFree.combine(input)
    const deviation = std(outputOf({ clean, noise }))
    if (deviation === 0) return { clean, noise }
    const factor = (phi * std(outputOf(conditional))) / deviation + (1 - phi)
    // With x = alpha · clean + sigma · noise and alpha · a + sigma · b = 1: clean = a · x − sigma · output and noise = b · x + alpha · output.
    return {
      clean: linearCombination([
        [a * alpha + factor * b * sigma, clean],
        [a * sigma * (1 - factor), noise],
      ]),
      noise: linearCombination([
        [b * alpha * (1 - factor), clean],
        [b * sigma + factor * a * alpha, noise],
      ]),
    }
  },
})

export const layer: Layer.Layer<Guidance> = Layer.succeed(Guidance, rescaledGuidance())
