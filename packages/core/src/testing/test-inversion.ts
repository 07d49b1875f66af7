import { Inversion, type InversionShape } from "../services/inversion.ts"
import { matchLevel } from "../noise/noise-levels.ts"
import type { Level } from "../noise/noise-process.ts"
import { Random } from "../random/random.ts"
import { initialState } from "../services/sampler.ts"
import { linearCombination } from "../tensor/tensor-arithmetic.ts"
import { type Check, checksOf, demand, type Subject } from "./check.ts"
import { distance, latentsOf, type Network, normalLatents, smooth } from "./latents.ts"
import { checkDeterminism, checkLeavesInputs, checkResuming, walk } from "./sampler-laws.ts"

export interface InversionTestOptions {
  /** Numbers of steps to try. Default 1, 2, 5 and 10. */
  readonly steps?: ReadonlyArray<number>
  /** How far from the exact noise a walk may end whose network answers with constants. Default 1e-4. */
  readonly tolerance?: number
}

/** The laws of an inversion; see {@link testSampler} for how they are run. */
export const testInversion = (
  subject: Subject<Inversion, InversionShape>,
  { steps = [1, 2, 5, 10], tolerance = 1e-4 }: InversionTestOptions = {},
): ReadonlyArray<Check> => {
  const random = Random.torch(1)
  const [clean, noise] = [normalLatents(random), normalLatents(random)]
  /** Rising levels, from no noise to nearly nothing else, in the inversion's own process. */
  const risingOf = ({ process }: InversionShape, count: number): ReadonlyArray<Level> =>
    Array.from({ length: count + 1 }, (_, i) => {
      const sigma = (0.98 * i) / count
      return i === 0
        ? { alpha: 1, sigma: 0, timestep: 0 }
        : matchLevel(process, { alpha: 1 - sigma, sigma, timestep: 1000 * sigma }).level
    })
  const each = (
    inversion: InversionShape,
    law: (schedule: ReturnType<InversionShape["schedule"]>, levels: ReadonlyArray<Level>) => void,
  ): void => {
    for (const count of steps) {
      const levels = risingOf(inversion, count)
      law(inversion.schedule(levels), levels)
    }
  }
  const start = initialState(clean)

  return checksOf(Inversion, subject, {
    "has a name": ({ name }) => {
      demand(typeof name === "string" && name !== "", "An inversion has to have a name, for messages.")
    },
    "plans levels that are finite, rise in noise and reach the last one that it is given": (inversion) => {
      each(inversion, ({ levels, end }, given) => {
        demand(levels.length > 0, "The plan has no levels.")
        for (const [place, { alpha, sigma, timestep }] of levels.entries()) {
          demand([alpha, sigma, timestep].every(Number.isFinite), `Level ${place} of the plan is not finite.`)
          const before = levels[place - 1]
          demand(
            before === undefined || sigma * before.alpha >= before.sigma * alpha,
            `Level ${place} of the plan has less noise than the one before it: an inversion goes from clean latents to noise.`,
          )
        }
        const last = given.at(-1)!
        demand(
          end !== undefined && end.sigma === last.sigma && end.alpha === last.alpha,
          `The plan ends at sigma ${end?.sigma ?? "nothing"}, but ${last.sigma} was to be reached: give it as the plan's end.`,
        )
      })
    },
    "plans the same each time, and leaves the levels that it is given alone": (inversion) => {
      each(inversion, (schedule, levels) => {
        const [before, given] = [JSON.stringify(schedule), JSON.stringify(levels)]
        walk(inversion, schedule, start, smooth, Random.torch(2))
        demand(
          JSON.stringify(inversion.schedule(levels)) === before,
          "The plan of the same levels is another the second time.",
        )
        demand(JSON.stringify(levels) === given, "Planning changes the levels that it is given.")
      })
    },
    "goes one place on with each step, and keeps the shape": (inversion) => {
      each(inversion, (schedule) => walk(inversion, schedule, start, smooth, Random.torch(3)))
    },
    "leaves what it is given alone": (inversion) => {
      each(inversion, (schedule) => checkLeavesInputs(inversion, schedule, start, smooth))
    },
    "gives the same bits for the same random numbers": (inversion) => {
      each(inversion, (schedule) => checkDeterminism(inversion, schedule, start, smooth))
    },
    "continues from saved states bit for bit": (inversion) => {
      each(inversion, (schedule) => checkResuming(inversion, schedule, start, smooth))
    },
    "ends at the noise when the network knows it": (inversion) => {
      const constant: Network = () => ({ clean, noise })
      each(inversion, (schedule, levels) => {
        const end = walk(inversion, schedule, start, constant, Random.torch(4))
        const { alpha, sigma } = levels.at(-1)!
        const exact = linearCombination([
          [alpha, clean],
          [sigma, noise],
        ])
        const away = distance(end.sample, exact)
        demand(
          away <= tolerance,
          `With a network that always answers with the same clean latents and noise, the walk ends ${away} away from their mixture.`,
        )
      })
    },
    "stays finite on extreme latents": (inversion) => {
      for (const value of [0, 1e4, -1e4, 1e-30]) {
        const extreme = latentsOf(new Float32Array(clean.size).fill(value))
        each(inversion, (schedule) => {
          walk(inversion, schedule, initialState(extreme), () => ({ clean: extreme, noise: extreme }), Random.torch(5))
        })
      }
    },
  })
}
