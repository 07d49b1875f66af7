import { Inversion, type InversionShape, linearCombination, rectifiedFlow, RequestError } from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { flowEulerStep } from "./flow-euler.ts"
import { flowHeunStep } from "./flow-heun.ts"
import { currentLevel, historyOf, nextState } from "./sampler-state.ts"

/**
 * DDIM inversion: DDIM backwards, on the assumption that the network predicts the same noise at the next level (arXiv 2010.02502
 * §4.3). Of first order.
 *
 * Written along rectified flow, where it is Euler's method; by the change of variables it is DDIM on diffusion.
 */
export const ddimInversion: InversionShape = {
  name: "ddim",
  process: rectifiedFlow,
  schedule: (levels) => ({ levels: levels.slice(0, -1), end: levels.at(-1)! }),
  step: flowEulerStep,
}

/** Corrections of the first step: an odd number, so that Heun's Euler steps stay at even entries of the schedule. */
const firstCorrections = 3

/**
 * The inversion of rectified flow by Heun's method, of second order, with two network evaluations a step.
 *
 * A sampler takes its last step, to clean latents, by the prediction at its start alone. The first step of the inversion inverts that
 * step: x = (1 − σ) · clean + σ · noise(x), by fixed-point iteration (as arXiv 2309.04907 inverts each step of DDIM).
 */
export const flowInversion: InversionShape = {
  name: "flow-heun",
  process: rectifiedFlow,
  schedule: (levels) => {
    const [clean, first, ...others] = levels
    const again = Array.from({ length: firstCorrections }, () => first!)
    // The network is evaluated twice at each further level: for the step to it, and for the step from it.
    const pairs = [first!, ...others].flatMap((level, i, all) => (i + 1 < all.length ? [level, all[i + 1]!] : []))
    return { levels: [clean!, ...again, ...pairs], end: levels.at(-1)! }
  },
  step: (schedule, state, prediction, random) => {
    if (state.index === 0 || state.index > firstCorrections) return flowHeunStep(schedule, state, prediction, random)
    const { sigma } = currentLevel(schedule, state)
    const clean = historyOf(state, "sample")
    const sample = linearCombination([
      [1 - sigma, clean],
      [sigma, prediction.noise],
    ])
    return nextState(state, sample, { sample: clean })
  },
}

export type InversionName = "ddim" | "flow-heun"
/** The inversions by name. */
export const inversions: Readonly<Record<InversionName, InversionShape>> = {
  ddim: ddimInversion,
  "flow-heun": flowInversion,
}

/** The inversions that are known by name. */
export const inversionNames: ReadonlyArray<InversionName> = ["ddim", "flow-heun"]

/** The layer of an inversion; fails with a `RequestError` for a name that is not in {@link inversionNames}. */
export const inversionLayer = (name: string): Layer.Layer<Inversion, RequestError> =>
  isInversionName(name)
    ? Layer.succeed(Inversion, inversions[name])
    : Layer.effect(
        Inversion,
        Effect.fail(
          new RequestError({ message: `There is no inversion "${name}"; choose one of ${inversionNames.join(", ")}.` }),
        ),
      )

const isInversionName = (name: string): name is InversionName => Object.hasOwn(inversions, name)
