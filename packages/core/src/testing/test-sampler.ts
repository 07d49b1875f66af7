import { Random } from "../random/random.ts"
import { Sampler, type SamplerShape, initialState } from "../services/sampler.ts"
import { type Check, checksOf, demand, type Subject } from "./check.ts"
import { distance, exactNetwork, latentsOf, normalLatents, smooth } from "./latents.ts"
import { checkDeterminism, checkLeavesInputs, checkResuming, walk } from "./sampler-laws.ts"

export interface SamplerTestOptions {
  /** Numbers of steps to try. Default 1, 2, 5 and 10. */
  readonly steps?: ReadonlyArray<number>
  /** How far from the clean latents a run may end whose network knows them. Default 1e-4. */
  readonly tolerance?: number
}

/**
 * The laws of a sampler.
 *
 * @example
 * import { testSampler } from "@auteur/core/testing"
 * import { test } from "node:test" // or bun:test; with Deno, Deno.test(name, run)
 *
 * for (const { name, run } of testSampler(karras().layer)) test(name, run)
 */
export const testSampler = (
  subject: Subject<Sampler, SamplerShape>,
  { steps = [1, 2, 5, 10], tolerance = 1e-4 }: SamplerTestOptions = {},
): ReadonlyArray<Check> => {
  const start = normalLatents(Random.torch(1))
  /** The states that a run may begin in: at the start, and later, as video-to-video does. */
  const starts = (sampler: SamplerShape, count: number) => {
    const { length } = sampler.schedule(count).levels
    return [0, Math.floor(length / 2), length - 1].map((begin) => initialState(start, begin))
  }
  const each = (
    sampler: SamplerShape,
    law: (schedule: ReturnType<SamplerShape["schedule"]>, count: number) => void,
  ): void => {
    for (const count of steps) law(sampler.schedule(count), count)
  }

  return checksOf(Sampler, subject, {
    "has a name": ({ name }) => {
      demand(typeof name === "string" && name !== "", "A sampler has to have a name, for messages and checkpoints.")
    },
    "plans levels that are finite and fall in noise": (sampler) => {
      each(sampler, ({ levels }, count) => {
        demand(
          levels.length >= count,
          `The plan of ${count} steps has ${levels.length} levels: at least one for each step.`,
        )
        for (const [place, { alpha, sigma, timestep }] of levels.entries()) {
          const isLevel = [alpha, sigma, timestep].every(Number.isFinite) && alpha >= 0 && sigma > 0
          demand(
            isLevel,
            `Level ${place} of ${count} steps is (alpha ${alpha}, sigma ${sigma}, timestep ${timestep}): the network cannot be asked there.`,
          )
          const before = levels[place - 1]
          if (before === undefined) continue
          demand(
            alpha / sigma >= before.alpha / before.sigma,
            `Level ${place} of ${count} steps has more noise than the one before it: a sampler goes from noise to clean latents.`,
          )
        }
      })
    },
    "plans the same each time, also after a run": (sampler) => {
      each(sampler, (schedule, count) => {
        const before = JSON.stringify(schedule)
        walk(sampler, schedule, initialState(start), smooth, Random.torch(2))
        demand(
          JSON.stringify(sampler.schedule(count)) === before,
          `The plan of ${count} steps is another the second time.`,
        )
      })
    },
    "goes one place on with each step, and keeps the shape, wherever it begins": (sampler) => {
      each(sampler, (schedule, count) => {
        for (const state of starts(sampler, count)) walk(sampler, schedule, state, smooth, Random.torch(3))
      })
    },
    "leaves what it is given alone": (sampler) => {
      each(sampler, (schedule, count) => {
        for (const state of starts(sampler, count)) checkLeavesInputs(sampler, schedule, state, smooth)
      })
    },
    "gives the same bits for the same random numbers": (sampler) => {
      each(sampler, (schedule, count) => {
        for (const state of starts(sampler, count)) checkDeterminism(sampler, schedule, state, smooth)
      })
    },
    "continues from a checkpoint bit for bit": (sampler) => {
      each(sampler, (schedule, count) => {
        for (const state of starts(sampler, count)) checkResuming(sampler, schedule, state, smooth)
      })
    },
    "ends at the clean latents when the network knows them": (sampler) => {
      const clean = normalLatents(Random.torch(4))
      each(sampler, (schedule, count) => {
        for (const state of starts(sampler, count)) {
          const end = walk(sampler, schedule, state, exactNetwork(clean), Random.torch(5))
          const away = distance(end.sample, clean)
          demand(
            away <= tolerance,
            `Begun at place ${state.beginIndex} of ${count} steps, a run whose network knows the clean latents ends ${away} away from them.`,
          )
        }
      })
    },
    "stays finite on extreme latents": (sampler) => {
      const { size } = start
      for (const value of [0, 1e4, -1e4, 1e-30]) {
        const extreme = latentsOf(new Float32Array(size).fill(value))
        each(sampler, (schedule) => {
          walk(sampler, schedule, initialState(extreme), exactNetwork(extreme), Random.torch(6))
        })
      }
    },
  })
}
