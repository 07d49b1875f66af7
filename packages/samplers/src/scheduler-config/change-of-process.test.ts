import { levelAt, type Level, matchLevel, Random, rectifiedFlow, RequestError, initialState } from "@auteur/core"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { configs } from "../../test/configs.ts"
import {
  onProcess,
  distance,
  flowing,
  exactNetwork,
  type Network,
  normalLatents,
  run,
  runFrom,
  smooth,
} from "../../test/run.ts"
import { flowEuler } from "../flow-euler.ts"
import { samplerNamed, samplerNames } from "./scheduler-config.ts"

const models = { diffusion: configs["ddim"]!, "rectified flow": configs["flow-euler"]! }
const foreign = {
  diffusion: ["flow-euler", "flow-heun", "unipc"],
  "rectified flow": ["ddim", "dpm", "ddpm"],
} as const

/** The levels at which a sampler evaluates the network of a model, in the network's own process. */
const evaluations = (name: string, config: object, steps: number): ReadonlyArray<Level> => {
  const { sampler, process } = samplerNamed(name, config)
  const levels: Array<Level> = []
  const network: Network = (sample, level) => (levels.push(level), smooth(sample, level))
  run(sampler, steps, normalLatents(Random.torch(1)), onProcess(sampler.process, process, network), Random.torch(2))
  return levels
}

/** One run from the same noise. */
const end = (name: string, config: object, steps: number, seed: number, network: Network) => {
  const { sampler, process } = samplerNamed(name, config)
  const noise = normalLatents(Random.torch(seed))
  return run(sampler, steps, noise, onProcess(sampler.process, process, network), Random.torch(seed + 1))
}

// The reference's DDIM steps 1000 // N down; where N divides 1000 that is to the schedule's next timestep.
const divisors = fc.constantFrom(1, 2, 4, 5, 8, 10, 20, 25, 40, 50)

describe("samplers of rectified flow on a network of diffusion", () => {
  const { process } = samplerNamed("ddim", models.diffusion)

  it.each(foreign.diffusion)("%s evaluates it at its own timesteps, spaced trailing, and at no others", (name) => {
    const levels = evaluations(name, models.diffusion, 20)
    const each = [...new Set(levels.map(({ timestep }) => Math.fround(timestep)))]
    expect(each).toHaveLength(20)
    each.forEach((timestep, i) => expect(timestep).toBeCloseTo(999 - 50 * i, 3))
    for (const { alpha, sigma, timestep } of levels) {
      const own = levelAt(process, Math.round(timestep))
      // UniPC starts a millionth below pure noise.
      expect(Math.abs(alpha - own.alpha)).toBeLessThan(name === "unipc" && own.alpha === 0 ? 2e-6 : 1e-9)
      expect(Math.abs(sigma - own.sigma)).toBeLessThan(1e-9)
    }
  })

  it("Euler's method is DDIM, up to the rounding of float32", () => {
    fc.assert(
      fc.property(divisors, fc.nat(), (steps, seed) => {
        const [ddim, euler] = ["ddim", "flow-euler"].map((name) => end(name, models.diffusion, steps, seed, smooth))
        expect(distance(ddim!, euler!)).toBeLessThan(2e-5)
      }),
      { numRuns: 40 },
    )
  })

  it("is DDIM after every step too, where the change of variables scales the sample", () => {
    const steps = 10
    const [ddim, euler] = ["ddim", "flow-euler"].map((name) => samplerNamed(name, models.diffusion).sampler)
    const start = initialState(normalLatents(Random.torch(5)))
    for (let until = 1; until < steps; until++) {
      const a = runFrom(ddim!, steps, start, smooth, Random.torch(6), until).sample
      const network = onProcess(euler!.process, process, smooth)
      const b = runFrom(euler!, steps, start, network, Random.torch(6), until).sample
      const { level, factor } = matchLevel(process, euler!.schedule(steps).levels[until]!)
      expect(level.timestep).toBeCloseTo(ddim!.schedule(steps).levels[until]!.timestep, 6)
      const scaled = a.values().map((x) => x / factor)
      expect(Math.max(...b.values().map((x, i) => Math.abs(x - scaled[i]!)))).toBeLessThan(2e-5)
    }
  })

  it("refuses more steps than there are timesteps, as those of diffusion do", () => {
    for (const name of foreign.diffusion) {
      const { sampler } = samplerNamed(name, models.diffusion)
      expect(() => sampler.schedule(1001)).toThrow("a whole number from 1 to 1000; it is 1001")
    }
  })
})

describe("samplers of diffusion on a network of rectified flow", () => {
  it.each([1, 3])("DDIM is Euler's method on σ = shift(t/1000), t = 1…1000, with a shift of %d", (shift) => {
    const config = { ...models["rectified flow"], shift }
    const grid = (steps: number): ReadonlyArray<Level> =>
      Array.from({ length: steps }, (_, i) => {
        const even = 1 - i / steps
        return levelAt(rectifiedFlow, (1000 * shift * even) / (1 + (shift - 1) * even))
      })
    const euler = flowEuler({ grid, stochastic: false })
    const network = flowing((x, sigma) => Math.sin(2 * x) + sigma)
    fc.assert(
      fc.property(divisors, fc.nat(), (steps, seed) => {
        const expected = run(euler, steps, normalLatents(Random.torch(seed)), network, Random.torch(seed + 1))
        expect(distance(end("ddim", config, steps, seed, network), expected)).toBeLessThan(2e-5)
      }),
      { numRuns: 40 },
    )
  })

  it.each(foreign["rectified flow"])("%s evaluates it at 1000 σ of those σ", (name) => {
    const levels = evaluations(name, { ...models["rectified flow"], shift: 3 }, 8)
    levels.forEach(({ alpha, sigma, timestep }, i) => {
      const even = 1 - i / 8
      expect(sigma).toBeCloseTo((3 * even) / (1 + 2 * even), 9)
      expect(alpha).toBeCloseTo(1 - sigma, 9)
      expect(timestep).toBeCloseTo(1000 * sigma, 6)
    })
    expect(levels).toHaveLength(8)
  })

  it("is refused where the network is not told 1000 σ, with the samplers that fit", () => {
    const config = { ...models["rectified flow"], num_train_timesteps: 500 }
    expect(() => samplerNamed("dpm", config)).toThrow(RequestError)
    expect(() => samplerNamed("dpm", config)).toThrow("num_train_timesteps is 500: use flow-euler, flow-heun or unipc.")
  })
})

describe.each(Object.entries(models))("every sampler on a network of %s", (_, config) => {
  it.each(samplerNames)("%s ends at the clean latents when the network knows them", (name) => {
    fc.assert(
      fc.property(divisors, fc.nat(), (steps, seed) => {
        const clean = normalLatents(Random.torch(seed + 7))
        expect(distance(end(name, config, steps, seed, exactNetwork(clean)), clean)).toBeLessThan(1e-5)
      }),
      { numRuns: 20 },
    )
  })
})
