import {
  Inversion,
  type InversionShape,
  linearCombination,
  type Schedule,
  rectifiedFlow,
  RequestError,
} from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { flowEulerStep } from "./flow-euler.ts"
import { flowHeunSteps } from "./flow-heun.ts"
import { advance, currentLevel, remembered } from "./run-position.ts"

/**
 * DDIM inversion: DDIM backwards, with the noise that the network sees at a level taken for that of the next one
 * (arXiv 2010.02502 §4.3). Of first order.
 *
 * Written along rectified flow, where it is Euler's method; the change of variables makes it DDIM on diffusion.
 */
export const ddimInversion: InversionShape = {
  name: "ddim",
  process: rectifiedFlow,
  schedule: (levels) => upTo(levels),
  step: flowEulerStep,
}

/** How often the first step is corrected: an odd number, so that Heun's halves keep their places. */
const firstCorrections = 3

/**
 * The inversion of rectified flow by Heun's method, of second order: it asks the network twice for each step.
 *
 * Sampling makes its last step, to clean latents, from the clean estimate at its start alone. The first step up is the inverse of
 * that one: x = (1 − σ)·clean + σ·noise(x), by repeated corrections (as arXiv 2309.04907 inverts each step of DDIM).
 */
export const flowInversion: InversionShape = {
  name: "flow-heun",
  process: rectifiedFlow,
  schedule: (levels) => {
    const { levels: asked, end } = upTo(levels)
    const [clean, first, ...others] = [...asked, end!]
    const again = Array.from({ length: firstCorrections }, () => first!)
    // Each further level is asked for the step to it, and then for the step from it.
    const pairs = [first!, ...others].flatMap((level, i, all) => (i + 1 < all.length ? [level, all[i + 1]!] : []))
    return { levels: [clean!, ...again, ...pairs], end: end! }
  },
  step: (schedule, state, prediction, random) => {
    if (state.index === 0 || state.index > firstCorrections) return flowHeunSteps(schedule, state, prediction, random)
    const { sigma } = currentLevel(schedule, state)
    const clean = remembered(state, "sample")
    const sample = linearCombination([
      [1 - sigma, clean],
      [sigma, prediction.noise],
    ])
    return advance(state, sample, { sample: clean })
  },
}

const upTo = (levels: Schedule["levels"]): Schedule => ({ levels: levels.slice(0, -1), end: levels.at(-1)! })

export type InversionName = "ddim" | "flow-heun"
/** The inversions by name. */
export const inversions: Readonly<Record<InversionName, InversionShape>> = {
  ddim: ddimInversion,
  "flow-heun": flowInversion,
}

/** The names that {@link inversionLayer} knows. */
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
