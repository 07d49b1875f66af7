import { type Latents, linearCombination, Random, initialState } from "@auteur/core"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { configs } from "../test/configs.ts"
import { distance, flowing, latentsOf, normalLatents, runFrom } from "../test/run.ts"
import { samplerFromConfig } from "./scheduler-config/scheduler-config.ts"

const samplerOf = (name: string, changes: object = {}): ReturnType<typeof samplerFromConfig>["sampler"] =>
  samplerFromConfig({ ...configs[name], ...changes }).sampler

const onPath = (clean: Latents, noise: Latents, sigma: number): Latents =>
  linearCombination([
    [1 - sigma, clean],
    [sigma, noise],
  ])

describe("rectified-flow samplers", () => {
  it.each(["flow-euler", "flow-heun", "unipc"])("%s stays on a straight path at every level", (name) => {
    const sampler = samplerOf(name)
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.nat(), (steps, seed) => {
        const random = Random.torch(seed)
        const [clean, noise] = [normalLatents(random), normalLatents(random)]
        const { levels } = sampler.schedule(steps)
        let state = initialState(onPath(clean, noise, levels[0]!.sigma))
        for (let i = 0; i < levels.length; i++) {
          state = runFrom(sampler, steps, state, () => ({ clean, noise }), random, i + 1)
          expect(distance(state.sample, onPath(clean, noise, levels[i + 1]?.sigma ?? 0))).toBeLessThan(1e-5)
        }
      }),
      { numRuns: 30 },
    )
  })

  it("the shift spends more steps on noisy levels and keeps the first", () => {
    const sigmas = (shift: number): Array<number> =>
      samplerOf("flow-euler", { shift })
        .schedule(10)
        .levels.map(({ sigma }) => sigma)
    expect(sigmas(5)[0]).toBe(1)
    expect(sigmas(5).every((sigma, i) => i === 0 || sigma > sigmas(1)[i]!)).toBe(true)
  })

  it("a terminal shift ends at that sigma", () => {
    const { levels } = samplerOf("flow-euler", { shift_terminal: 0.1 }).schedule(7)
    expect(levels.at(-1)!.sigma).toBeCloseTo(0.1, 6)
    expect(() => samplerOf("flow-euler", { shift_terminal: 0.1 }).schedule(1)).toThrow("use at least 2 steps")
  })

  it("Heun integrates a velocity that is linear in the level exactly, Euler does not", () => {
    const x = normalLatents(Random.torch(1))
    const network = flowing((_, sigma) => 2 * sigma)
    const errorAfterTwoLevels = (name: string, evaluations: number): number => {
      const sampler = samplerOf(name)
      const { levels } = sampler.schedule(5)
      const state = runFrom(sampler, 5, initialState(x), network, Random.torch(2), evaluations)
      // x(σ) = x(σ₀) + σ² − σ₀².
      const exact = latentsOf(x.values().map((x) => x + levels[state.index]!.sigma ** 2 - levels[0]!.sigma ** 2))
      return distance(state.sample, exact)
    }
    expect(errorAfterTwoLevels("flow-heun", 4)).toBeLessThan(1e-6)
    expect(errorAfterTwoLevels("flow-euler", 2)).toBeGreaterThan(1e-2)
  })

  it("Heun that starts at a correction waits for the next entry of the schedule, which is at the same level", () => {
    const x = normalLatents(Random.torch(1))
    const sampler = samplerOf("flow-heun")
    const network = flowing((x, sigma) => Math.sin(x) + sigma)
    const odd = runFrom(sampler, 5, initialState(x, 3), network, Random.torch(2))
    const even = runFrom(sampler, 5, initialState(x, 4), network, Random.torch(2))
    expect(odd.sample.values()).toEqual(even.sample.values())
  })

  it.each([
    { name: "flow-euler", unshifted: { shift: 1 }, atLeast: 3.5, atMost: 5 },
    { name: "flow-heun", unshifted: { shift: 1 }, atLeast: 10, atMost: 20 },
    { name: "unipc", unshifted: { flow_shift: 1 }, atLeast: 8, atMost: 20 },
  ])("$name has its order: four times the steps divide the error by 4 or by 16", ({ name, unshifted, ...ratio }) => {
    const x = normalLatents(Random.torch(1))
    const network = flowing((x, sigma) => Math.sin(2 * x) + sigma)
    const end = (name: string, steps: number, changes: object): Latents =>
      runFrom(samplerOf(name, changes), steps, initialState(x), network, Random.torch(2)).sample
    const exact = end("flow-heun", 1000, { shift: 1 })
    const gain = distance(end(name, 20, unshifted), exact) / distance(end(name, 80, unshifted), exact)
    expect(gain).toBeGreaterThan(ratio.atLeast)
    expect(gain).toBeLessThan(ratio.atMost)
  })
})
