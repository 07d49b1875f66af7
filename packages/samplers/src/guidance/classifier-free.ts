import { Guidance, type GuidanceShape, type Latents, linearCombination } from "@auteur/core"
import * as Layer from "effect/Layer"

/** u + g · (c − u): extrapolates from the unconditional through the conditional prediction (arXiv 2207.12598 eq. 6). */
const guided = (unconditional: Latents, conditional: Latents, scale: number): Latents =>
  linearCombination([
    [1, unconditional],
    [
      scale,
      linearCombination([
        [1, conditional],
        [-1, unconditional],
      ]),
    ],
  ])

/** Classifier-free guidance with the same scale g at every step; off at a scale of 1 or below. */
export const classifierFree: GuidanceShape = {
  name: "classifier-free",
  usesUnconditional: (scale) => scale > 1,
  combine: ({ conditional, unconditional, scale }) => ({
    clean: guided(unconditional.clean, conditional.clean, scale),
    noise: guided(unconditional.noise, conditional.noise, scale),
  }),
}

export const layer: Layer.Layer<Guidance> = Layer.succeed(Guidance, classifierFree)
