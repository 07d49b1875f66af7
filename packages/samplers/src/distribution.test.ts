import { Random } from "@auteur/core"
import { describe, expect, it } from "vitest"
import { configs } from "../test/configs.ts"
import { between, mixture, modes } from "../test/mixture.ts"
import { onProcess, latentsOf, run } from "../test/run.ts"
import { samplerNamed, samplerNames } from "./scheduler-config/scheduler-config.ts"

const models = [
  { of: "diffusion", config: { ...configs["ddim"], snr_shift_scale: 1 }, steps: 500 },
  { of: "rectified flow", config: { ...configs["flow-euler"], shift: 1 }, steps: 250 },
]
const count = 2000
/** Deviations of an estimate that a right sampler exceeds once in fifteen thousand draws. */
const most = 4

const moments = (values: ReadonlyArray<number>) => {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length
  return { mean, deviation: Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1)) }
}

/** Kolmogorov and Smirnov's distance from the mixture, and the bound that it exceeds once in a thousand draws. */
const farthestFrom = (drawn: ReadonlyArray<number>): number =>
  Math.max(...drawn.toSorted((a, b) => a - b).map((x, i) => Math.abs(mixture.below(x) - (i + 0.5) / drawn.length)))
const mostFar = 1.95 / Math.sqrt(count)

describe.each(models)("from many seeds of noise, on a network of $of that knows a mixture", ({ config, steps }) => {
  it.each(samplerNames)("%s draws its modes with their weights, means and deviations", (name) => {
    const { sampler, process } = samplerNamed(name, config)
    const network = onProcess(sampler.process, process, mixture.network)
    const start = latentsOf(Random.torch(3).normal(count))
    const drawn = [...run(sampler, steps, start, network, Random.torch(4)).values()]

    for (const [i, mode] of modes.entries()) {
      const own = drawn.filter((x) => x < between === (i === 0))
      const { mean, deviation } = moments(own)
      const weight = own.length / count
      expect(Math.abs(weight - mode.weight)).toBeLessThan(most * Math.sqrt((mode.weight * (1 - mode.weight)) / count))
      expect(Math.abs(mean - mode.mean)).toBeLessThan((most * mode.deviation) / Math.sqrt(own.length))
      expect(Math.abs(deviation - mode.deviation)).toBeLessThan((most * mode.deviation) / Math.sqrt(2 * own.length))
    }
    expect(farthestFrom(drawn)).toBeLessThan(mostFar)
  })
})

it("a sampler that takes too few steps does not", () => {
  const { sampler } = samplerNamed("flow-euler", models[1]!.config)
  const start = latentsOf(Random.torch(3).normal(count))
  const drawn = [...run(sampler, 3, start, mixture.network, Random.torch(4)).values()]
  expect(farthestFrom(drawn)).toBeGreaterThan(2 * mostFar)
})
