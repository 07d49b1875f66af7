import { cos, Guidance, type GuidanceShape } from "@auteur/core"
import * as Layer from "effect/Layer"
import { classifierFree } from "./classifier-free.ts"

/** x⁵, rounded once: in turns of its cosine, a lost unit in the last place of a large one is much. */
const fifthPower = (x: number): number => Number(BigInt(Math.round(x * 2 ** 128)) ** 5n) * 2 ** -640

/**
 * CogVideoX's dynamic strength g(t) = 1 + scale·(1 − cos(π·((N − t)/N)⁵))/2 over N steps.
 *
 * t is the timestep (999 … 19) and not the step: the strength waves between 1 and 1 + scale, as the models are used with.
 */
export const dynamicStrength = (scale: number, timestep: number, steps: number): number =>
  1 + (scale * (1 - cos(Math.PI * fifthPower((steps - timestep) / steps)))) / 2

/** Classifier-free guidance with {@link dynamicStrength}; off at a strength of 1 or below. */
export const dynamicGuidance: GuidanceShape = {
  name: "dynamic",
  usesUnconditional: classifierFree.usesUnconditional,
  combine: (input) =>
    classifierFree.combine({ ...input, scale: dynamicStrength(input.scale, input.level.timestep, input.steps) }),
}

export const layer: Layer.Layer<Guidance> = Layer.succeed(Guidance, dynamicGuidance)
