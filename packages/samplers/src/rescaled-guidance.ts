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

/** a and b of what the network itself answers with, a·noise − b·clean: v of diffusion, the velocity of rectified flow. */
const answerOf = (process: NoiseProcess, { alpha, sigma }: Level): readonly [a: number, b: number] =>
  process.kind === "rectified-flow" ? [1, 1] : [alpha, sigma]

/**
 * Classifier-free guidance whose answer is brought back towards the deviation of the answer to the prompt, so that a high strength does not
 * overexpose (arXiv 2305.08891 §3.4).
 *
 * `phi` is how far, from 0 (not at all) to 1. The answer is v for diffusion and noise − clean for rectified flow; its deviation is that of all
 * latents together. What is given back is still a reading of the same sample.
 */
export const rescaledGuidance = (phi: number = 0.7): GuidanceShape => ({
  name: "rescaled",
  usesUnconditional: classifierFree.usesUnconditional,
  combine: (input) => {
    const { conditional, level, process } = input
    const { alpha, sigma } = level
    const [a, b] = answerOf(process, level)
    const answer = ({ clean, noise }: Prediction): Latents =>
      linearCombination([
        [a, noise],
        [-b, clean],
      ])
    const { clean, noise } = classifierFree.combine(input)
    const deviation = std(answer({ clean, noise }))
    if (deviation === 0) return { clean, noise }
    const factor = (phi * std(answer(conditional))) / deviation + (1 - phi)
    // With x = alpha·clean + sigma·noise and alpha·a + sigma·b = 1: clean = a·x − sigma·answer and noise = b·x + alpha·answer.
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
