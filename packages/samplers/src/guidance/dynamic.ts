import { cos, Guidance, type GuidanceShape } from "@auteur/core"
import * as Layer from "effect/Layer"
import { classifierFree } from "./classifier-free.ts"

/** x⁵, rounded once, as the cosine of a large angle magnifies a rounding error. */
const fifthPower = (x: number): number => Number(BigInt(Math.round(x * 2 ** 128)) ** 5n) * 2 ** -640

/**
 * CogVideoX's dynamic scale g(t) = 1 + scale · (1 − cos(π ((N − t)/N)⁵))/2 over N steps.
 *
 * t is the timestep (999 … 19), not the step, as in the reference: the scale oscillates between 1 and 1 + scale.
 */
export const dynamicScale = (scale: number, timestep: number, steps: number): number =>
  1 + (scale * (1 - cos(Math.PI * fifthPower((steps - timestep) / steps)))) / 2

/** Classifier-free guidance with {@link dynamicScale}; off at a scale of 1 or below. */
export const dynamicClassifierFree: GuidanceShape = {
  name: "dynamic",
  usesUnconditional: classifierFree.usesUnconditional,
  combine: (input) =>
    classifierFree.combine({ ...input, scale: dynamicScale(input.scale, input.level.timestep, input.steps) }),
}

export const layer: Layer.Layer<Guidance> = Layer.succeed(Guidance, dynamicClassifierFree)
