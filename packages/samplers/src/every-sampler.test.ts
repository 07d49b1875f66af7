import { type Latents, Random, type RandomState, type SamplerState, initialState } from "@auteur/core"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { configs } from "../test/configs.ts"
import { distance, exactNetwork, latentsOf, normalLatents, run, runFrom, smooth } from "../test/run.ts"
import { samplerFromConfig, samplerNamed } from "./scheduler-config/scheduler-config.ts"

interface Saved {
  readonly index: number
  readonly beginIndex: number
  readonly sample: ReadonlyArray<number>
  readonly history: Readonly<Record<string, ReadonlyArray<number>>>
}

/** As a checkpoint does: through text, and nothing that the sampler holds elsewhere. */
const saved = ({ index, beginIndex, sample, history }: SamplerState, random: Random): string => {
  const numbers = (latents: Latents): ReadonlyArray<number> => [...latents.values()]
  const entries = Object.entries(history).map(([name, latents]) => [name, numbers(latents!)])
  return JSON.stringify({
    state: { index, beginIndex, sample: numbers(sample), history: Object.fromEntries(entries) },
    random: random.save(),
  })
}

const restored = (text: string): { readonly state: SamplerState; readonly random: Random } => {
  const { state, random } = JSON.parse(text) as { readonly state: Saved; readonly random: RandomState }
  const entries = Object.entries(state.history).map(([name, values]) => [name, latentsOf(values)])
  return {
    state: { ...state, sample: latentsOf(state.sample), history: Object.fromEntries(entries) },
    random: Random.restore(random),
  }
}

const native = Object.keys(configs).map((name) => ({ name, sampler: samplerFromConfig(configs[name]).sampler }))
const foreign = [
  { of: "diffusion", config: configs["ddim"], names: ["flow-euler", "flow-heun", "unipc"] },
  { of: "rectified flow", config: configs["flow-euler"], names: ["ddim", "dpm", "ddpm"] },
].flatMap(({ of, config, names }) =>
  names.map((name) => ({ name: `${name} for ${of}`, sampler: samplerNamed(name, config).sampler })),
)

describe.each([...native, ...foreign])("$name", ({ sampler }) => {
  it("saved after any step and continued gives the same bits", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.nat({ max: 20 }),
        fc.nat({ max: 20 }),
        fc.nat(),
        (steps, beginAt, saveAt, seed) => {
          const { length } = sampler.schedule(steps).levels
          const beginIndex = beginAt % length
          const start = initialState(normalLatents(Random.torch(seed)), beginIndex)
          const whole = runFrom(sampler, steps, start, smooth, Random.torch(seed + 1))

          const random = Random.torch(seed + 1)
          const half = runFrom(sampler, steps, start, smooth, random, beginIndex + (saveAt % (length - beginIndex + 1)))
          const again = restored(saved(half, random))
          const continued = runFrom(sampler, steps, again.state, smooth, again.random)
          expect(continued.index).toBe(length)
          expect(continued.sample.values()).toEqual(whole.sample.values())
        },
      ),
      { numRuns: 60 },
    )
  })

  it("ends at the clean latents when the network knows them, wherever it starts", () => {
    fc.assert(
      // Step counts that divide 1000: with others the reference's DDIM and DPM-Solver++ do not end at no noise.
      fc.property(fc.constantFrom(1, 2, 4, 5, 8, 10, 20), fc.nat({ max: 40 }), fc.nat(), (steps, beginAt, seed) => {
        const random = Random.torch(seed)
        const [clean, noise] = [normalLatents(random), normalLatents(random)]
        const beginIndex = beginAt % sampler.schedule(steps).levels.length
        const end = runFrom(sampler, steps, initialState(noise, beginIndex), exactNetwork(clean), random)
        expect(distance(end.sample, clean)).toBeLessThan(1e-5)
      }),
    )
  })

  it("falls in noise from level to level, with at least one evaluation a step", () => {
    const { levels } = sampler.schedule(8)
    expect(levels.length).toBe(sampler.name === "flow-heun" ? 15 : 8)
    const ratios = levels.map(({ alpha, sigma }) => alpha / sigma)
    expect(ratios.every((ratio, i) => i === 0 || ratio >= ratios[i - 1]!)).toBe(true)
  })

  it("leaves the state that it is given alone", () => {
    const start = initialState(normalLatents(Random.torch(3)))
    const before = start.sample.values().slice()
    const first = runFrom(sampler, 4, start, smooth, Random.torch(4), 1)
    const firstSample = first.sample.values().slice()
    runFrom(sampler, 4, first, smooth, Random.torch(5))
    expect(start.sample.values()).toEqual(before)
    expect(first.sample.values()).toEqual(firstSample)
  })

  it("refuses steps that no run can have, and a step after the last", () => {
    expect(() => sampler.schedule(0)).toThrow("whole number")
    expect(() => sampler.schedule(1.5)).toThrow("it is 1.5")
    const end = initialState(run(sampler, 2, normalLatents(Random.torch(1)), smooth, Random.torch(2)), 9)
    const schedule = sampler.schedule(2)
    const prediction = smooth(end.sample, schedule.levels[0]!)
    expect(() => sampler.step(schedule, end, prediction, Random.torch(2))).toThrow(
      "was called for step 9 of a schedule",
    )
  })
})
