import { Random, initialState } from "@auteur/core"
import { describe, expect, it } from "vitest"
import { configs } from "../test/configs.ts"
import { onProcess, latentsOf, run, runFrom } from "../test/run.ts"
import { mixture } from "../test/mixture.ts"
import { betasOf, matchedTable } from "./scheduler-config/beta-schedule.ts"
import { samplerNamed } from "./scheduler-config/scheduler-config.ts"

const evenTable = matchedTable({ trained: 1000, shift: 1 })
const models = {
  "rectified flow": { ...configs["flow-euler"], shift: 1 },
  // Diffusion whose timesteps are as far apart as those of rectified flow.
  "diffusion on an even table": {
    _class_name: "DDIMScheduler",
    prediction_type: "v_prediction",
    timestep_spacing: "trailing",
    clip_sample: false,
    trained_betas: [...betasOf(evenTable, "float64")],
  },
  "diffusion on CogVideoX's table": { ...configs["ddim"], snr_shift_scale: 1 },
}

const noise = Random.torch(1).normal(64)
const exact = [...noise].map((x) => mixture.end(x))

/** Root mean square, over one seed's samples, of the difference between a sampler's result and the end of the flow. */
const errorOf = (name: string, config: object, steps: number): number => {
  const { sampler, process } = samplerNamed(name, config)
  const network = onProcess(sampler.process, process, mixture.network)
  const end = run(sampler, steps, latentsOf(noise), network, Random.torch(2)).values()
  return Math.sqrt(exact.reduce((sum, x, i) => sum + (x - end[i]!) ** 2, 0) / exact.length)
}

/** The order as measured: how the error falls between two numbers of steps, on logarithmic scales. */
const slope = (name: string, config: object, few: number, many: number): number =>
  Math.log(errorOf(name, config, few) / errorOf(name, config, many)) / Math.log(many / few)

const orders = [
  { name: "ddim", order: 1 },
  { name: "flow-euler", order: 1 },
  { name: "flow-heun", order: 2 },
  { name: "unipc", order: 2 },
]

describe.each(["rectified flow", "diffusion on an even table"] as const)("on the mixture as %s", (model) => {
  it.each(orders)("$name meets the sample that the flow ends at, with order $order", ({ name, order }) => {
    const config = models[model]
    const measured = slope(name, config, 20, 200)
    expect(measured).toBeGreaterThan(order - 0.25)
    expect(measured).toBeLessThan(order + 0.35)
    expect(errorOf(name, config, 500)).toBeLessThan(order === 1 ? 3e-3 : 2e-5)
  })
})

describe("on the mixture as diffusion on CogVideoX's table", () => {
  // The last jump, from the last timestep of a run to no noise, has at least the length of the square root of a step, which bounds every method to order 1.
  it.each(orders)("$name meets the same sample, with order 1", ({ name }) => {
    const config = models["diffusion on CogVideoX's table"]
    const measured = slope(name, config, 20, 500)
    expect(measured).toBeGreaterThan(0.7)
    expect(measured).toBeLessThan(1.2)
    expect(errorOf(name, config, 500)).toBeLessThan(6e-3)
  })

  it.each(orders)("$name has order $order up to that jump", ({ name, order }) => {
    const { sampler, process } = samplerNamed(name, models["diffusion on CogVideoX's table"])
    const network = onProcess(sampler.process, process, mixture.network)
    /** The error at timestep 199, after four fifths of the steps. */
    const errorAt = (steps: number): number => {
      const done = (steps * 4) / 5
      const at = name === "flow-heun" ? 2 * done : done
      const start = initialState(latentsOf(noise))
      const { sample } = runFrom(sampler, steps, start, network, Random.torch(2), at)
      const level = sampler.schedule(steps).levels[at]!
      const away = sample.values().map((x, i) => (x - mixture.end(noise[i]!, level)) ** 2)
      return Math.sqrt(away.reduce((sum, square) => sum + square, 0) / away.length)
    }
    const measured = Math.log(errorAt(20) / errorAt(100)) / Math.log(5)
    expect(measured).toBeGreaterThan(order - 0.25)
    // UniPC's corrector adds an order (arXiv 2302.04867 §3) where the last step, of first order, does not hide it.
    expect(measured).toBeLessThan(order + (name === "unipc" ? 1.25 : 0.35))
  })

  it("the methods of second order are nearer at any number of steps that is worth taking", () => {
    const config = models["diffusion on CogVideoX's table"]
    for (const steps of [10, 20, 50, 200]) {
      expect(errorOf("flow-heun", config, steps)).toBeLessThan(0.9 * errorOf("ddim", config, steps))
      expect(errorOf("unipc", config, steps)).toBeLessThan(0.92 * errorOf("ddim", config, steps))
    }
  })
})
