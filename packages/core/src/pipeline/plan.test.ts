import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { diffusion } from "../../test/gaussian-parts.ts"
import { deterministic, twicePerStep } from "../../test/small-samplers.ts"
import { beginIndexOf, stepsFrom } from "./plan.ts"
import type { RequestError } from "../services/errors.ts"
import { Tensor } from "../tensor/tensor.ts"

const video = Tensor.zeros("batch frames height width channels", [1, 1, 8, 8, 3], "uint8")
const once = deterministic(diffusion)
const twice = twicePerStep(diffusion)

describe("beginStep", () => {
  it("is 0 without a video", () => {
    expect(beginIndexOf({ steps: 10, strength: 0.1 }, once.schedule(10))).toBe(0)
  })

  it("leaves ⌊steps · strength⌋ steps", () => {
    const begin = (steps: number, strength: number) => beginIndexOf({ steps, strength, video }, once.schedule(steps))
    expect([begin(50, 0.8), begin(50, 1), begin(10, 0.35), begin(3, 0.99), begin(1, 1)]).toEqual([10, 0, 7, 1, 0])
    expect(beginIndexOf({ steps: 10, video }, once.schedule(10))).toBe(2)
  })

  it("counts the steps that are left as many as strength leaves", () => {
    const left = (steps: number, strength: number, sampler: typeof once) => {
      const schedule = sampler.schedule(steps)
      return stepsFrom(beginIndexOf({ steps, strength, video }, schedule), steps, schedule)
    }
    expect([left(50, 0.8, once), left(10, 0.35, once), left(50, 0.8, twice), left(7, 1, twice)]).toEqual([40, 3, 40, 7])
  })

  it("begins where a step of a method that asks twice begins, not where one ends", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.double({ min: 0, max: 1, noNaN: true }), (steps, strength) => {
        fc.pre(steps * strength >= 1)
        const [schedule, single] = [twice.schedule(steps), once.schedule(steps)]
        const begin = beginIndexOf({ steps, strength, video }, schedule)
        expect(schedule.levels[begin]).toEqual(single.levels[beginIndexOf({ steps, strength, video }, single)])
        expect(begin % 2).toBe(0)
      }),
    )
  })

  it("names a strength that leaves a step, whatever the number of steps", () => {
    for (const steps of [...Array.from({ length: 120 }, (_, i) => i + 1), 999, 1000]) {
      const named = Number(/at least ([\d.]+)\.$/.exec(refusal(steps))![1])
      expect(beginIndexOf({ steps, strength: named, video }, once.schedule(steps))).toBeLessThan(steps)
    }
  })
})

const refusal = (steps: number): string => {
  try {
    return String(beginIndexOf({ steps, strength: 0, video }, once.schedule(steps)))
  } catch (error) {
    return (error as RequestError).message
  }
}
