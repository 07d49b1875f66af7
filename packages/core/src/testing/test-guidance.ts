import { Guidance, type GuidanceShape } from "../services/guidance.ts"
import { levelAt, variancePreserving } from "../noise/noise-levels.ts"
import type { Prediction } from "../noise/noise-process.ts"
import { Random } from "../random/random.ts"
import type { ComponentState } from "../services/component-state.ts"
import { allFinite } from "../tensor/tensor-statistics.ts"
import { type Check, checksOf, demand, type Subject } from "./check.ts"
import { distance, isSame, latentsOf, normalLatents, smallShape, watch } from "./latents.ts"
import { componentStateThroughCheckpoint } from "./through-checkpoint.ts"

export interface GuidanceTestOptions {
  /** Strengths to try. Default 1.5, 6 and 13.5. */
  readonly scales?: ReadonlyArray<number>
  /** How far from two equal predictions their combination may be. Default 1e-4. */
  readonly tolerance?: number
}

/** The laws of a guidance; see {@link testSampler} for how they are run. */
export const testGuidance = (
  subject: Subject<Guidance, GuidanceShape>,
  { scales = [1.5, 6, 13.5], tolerance = 1e-4 }: GuidanceTestOptions = {},
): ReadonlyArray<Check> => {
  const steps = 4
  // ᾱ of the cosine schedule (arXiv 2102.09672 eq. 17).
  const process = variancePreserving(Float64Array.from({ length: 1000 }, (_, t) => (1 - (t + 1) / 1001) ** 2))
  const random = Random.torch(1)
  const predictions = Array.from({ length: steps }, (): readonly [Prediction, Prediction] => [
    { clean: normalLatents(random), noise: normalLatents(random) },
    { clean: normalLatents(random), noise: normalLatents(random) },
  ])
  /** The steps of a run from `index` on, with their memory. */
  const combine = (
    guidance: GuidanceShape,
    scale: number,
    state: ComponentState,
    from = 0,
    until: number = steps,
    given = predictions,
  ): ReadonlyArray<Prediction> =>
    given.slice(from, until).map(([conditional, unconditional], i) => {
      const index = from + i
      const level = levelAt(process, 999 * (1 - index / steps))
      return guidance.combine({ conditional, unconditional, scale, level, process, index, steps, state })
    })
  const alike = (a: ReadonlyArray<Prediction>, b: ReadonlyArray<Prediction>): boolean =>
    a.every(({ clean, noise }, i) => isSame(clean, b[i]!.clean) && isSame(noise, b[i]!.noise))

  return checksOf(Guidance, subject, {
    "has a name": ({ name }) => {
      demand(typeof name === "string" && name !== "", "A guidance has to have a name, for messages and checkpoints.")
    },
    "says for each strength whether it asks without the prompt": (guidance) => {
      for (const scale of [0, 1, ...scales]) {
        const uses = guidance.usesUnconditional(scale)
        demand(
          typeof uses === "boolean",
          `usesUnconditional(${scale}) gives ${String(uses)}, which is neither true nor false.`,
        )
        demand(
          guidance.usesUnconditional(scale) === uses,
          `usesUnconditional(${scale}) gives another value the second time.`,
        )
      }
    },
    "keeps the shape, with values that are finite": (guidance) => {
      for (const scale of scales) {
        for (const [index, { clean, noise }] of combine(guidance, scale, new Map()).entries()) {
          for (const latents of [clean, noise]) {
            demand(
              latents.shape.join() === smallShape.join(),
              `At step ${index} it makes latents of [${latents.shape.join(", ")}] out of [${smallShape.join(", ")}].`,
            )
            demand(allFinite(latents), `At step ${index} it makes values that are not finite.`)
          }
        }
      }
    },
    "leaves what it is given alone": (guidance) => {
      const isUnchanged = watch(predictions.flatMap((pair) => pair.flatMap(({ clean, noise }) => [clean, noise])))
      for (const scale of scales) combine(guidance, scale, new Map())
      demand(isUnchanged(), "It writes into a prediction that it was given: it has to make new tensors.")
    },
    "gives the same bits for the same answers": (guidance) => {
      for (const scale of scales) {
        const first = combine(guidance, scale, new Map())
        // Another run in between, which ends elsewhere.
        combine(guidance, scale, new Map(), 0, 2)
        const again = combine(guidance, scale, new Map())
        demand(
          alike(first, again),
          "The same run made twice gives other bits: keep what is needed later in the memory alone.",
        )
      }
    },
    "gives back a prediction that is the same with and without the prompt": (guidance) => {
      // A method may depart from this on purpose, and says so.
      if (guidance.keepsEqualPredictions === false) return
      const same = predictions.map(([prediction]) => [prediction, prediction] as const)
      for (const scale of scales) {
        for (const [index, { clean, noise }] of combine(guidance, scale, new Map(), 0, steps, same).entries()) {
          const away = Math.max(distance(clean, same[index]![0].clean), distance(noise, same[index]![0].noise))
          demand(
            away <= tolerance,
            `Where the predictions with and without the prompt are equal, step ${index} is ${away} away from them.`,
          )
        }
      }
    },
    "continues from a checkpoint bit for bit": (guidance) => {
      for (const scale of scales) {
        const whole = combine(guidance, scale, new Map())
        for (let place = 1; place < steps; place++) {
          const state: ComponentState = new Map()
          combine(guidance, scale, state, 0, place)
          const rest = combine(guidance, scale, componentStateThroughCheckpoint("guidance", state), place)
          demand(
            alike(rest, whole.slice(place)),
            `Saved after ${place} steps and continued, it gives other bits: keep what is needed later as tensors in the state.`,
          )
        }
      }
    },
    "stays finite on extreme latents": (guidance) => {
      for (const value of [0, 1e4, -1e4, 1e-30]) {
        const extreme = latentsOf(new Float32Array(predictions[0]![0].clean.size).fill(value))
        const given = predictions.map(([, other]) => [{ clean: extreme, noise: extreme }, other] as const)
        for (const { clean, noise } of combine(guidance, scales.at(-1)!, new Map(), 0, steps, given)) {
          demand(allFinite(clean) && allFinite(noise), `With latents of ${value} it makes values that are not finite.`)
        }
      }
    },
  })
}
