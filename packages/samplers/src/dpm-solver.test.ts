import { Random, initialState } from "@auteur/core"
import { describe, expect, it } from "vitest"
import { configs } from "../test/configs.ts"
import { distance, normalLatents, runFrom, smooth } from "../test/run.ts"
import { samplerFromConfig } from "./scheduler-config/scheduler-config.ts"

const { sampler } = samplerFromConfig(configs["dpm"])

const after = (draws: number): unknown => {
  const random = Random.torch(11)
  for (let i = 0; i < draws; i++) random.normal(24)
  return random.save()
}

describe("DPM-Solver++", () => {
  it.each([0, 3])("draws once at first and last and twice between, in a run that starts at step %d", (beginIndex) => {
    const random = Random.torch(11)
    let state = initialState(normalLatents(Random.torch(1)), beginIndex)
    let draws = 0
    for (let step = beginIndex; step < 6; step++) {
      state = runFrom(sampler, 6, state, smooth, random, step + 1)
      // 6 does not divide 1000, so the last step does not reach below timestep 0 and is of second order too.
      draws += step === beginIndex ? 1 : 2
      expect(random.save()).toEqual(after(draws))
    }
    const whole = Random.torch(11)
    runFrom(sampler, 5, initialState(normalLatents(Random.torch(1)), 4), smooth, whole)
    expect(whole.save()).toEqual(after(1))
  })

  it("does not use the steps before its first one", () => {
    const sample = normalLatents(Random.torch(1))
    const other = normalLatents(Random.torch(2))
    const fresh = runFrom(sampler, 10, initialState(sample, 3), smooth, Random.torch(5), 4)
    const stale = runFrom(
      sampler,
      10,
      { ...initialState(sample, 3), history: { clean: other } },
      smooth,
      Random.torch(5),
      4,
    )
    expect(stale.sample.values()).toEqual(fresh.sample.values())
    const next = runFrom(sampler, 10, fresh, smooth, Random.torch(6), 5)
    const changed = runFrom(sampler, 10, { ...fresh, history: { clean: other } }, smooth, Random.torch(6), 5)
    expect(distance(changed.sample, next.sample)).toBeGreaterThan(1e-3)
  })

  it("refuses a state that has lost its history", () => {
    const half = runFrom(sampler, 10, initialState(normalLatents(Random.torch(1))), smooth, Random.torch(2), 3)
    expect(() => runFrom(sampler, 10, { ...half, history: {} }, smooth, Random.torch(2))).toThrow(
      'The sampler\'s state at step 3 lacks "clean"',
    )
  })
})
