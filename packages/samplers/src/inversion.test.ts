import {
  type InversionShape,
  type Latents,
  type Level,
  type Prediction,
  Random,
  initialState,
  type SamplerShape,
} from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import { distance, latentsOf } from "../test/run.ts"
import { flowEuler } from "./flow-euler.ts"
import { flowHeun } from "./flow-heun.ts"
import { ddimInversion, flowInversion, inversionLayer, inversionNames } from "./inversion.ts"

const [mean, deviation] = [0.3, 0.5]
const grid = (steps: number): ReadonlyArray<Level> =>
  Array.from({ length: steps }, (_, i) => {
    const sigma = 1 - i / steps
    return { alpha: 1 - sigma, sigma, timestep: 1000 * sigma }
  })

/** The prediction of a network for normal clean latents. */
const normal = (sample: Latents, { alpha, sigma }: Level): Prediction => {
  const variance = (alpha * deviation) ** 2 + sigma ** 2
  const map = (f: (away: number) => number) => latentsOf([...sample.values()].map((x) => f(x - alpha * mean)))
  return {
    clean: map((away) => mean + (alpha * deviation ** 2 * away) / variance),
    noise: map((away) => (sigma * away) / variance),
  }
}

const runSteps = (
  { step }: Pick<SamplerShape, "step">,
  schedule: ReturnType<SamplerShape["schedule"]>,
  sample: Latents,
): Latents => {
  let state = initialState(sample)
  const random = Random.torch(0)
  for (const level of schedule.levels) state = step(schedule, state, normal(state.sample, level), random)
  return state.sample
}

const source = latentsOf([0.9, -0.4, 0.1, 0.35, -1.2, 0.7])
const up = (inversion: InversionShape, steps: number): Latents => {
  const levels = [{ alpha: 1, sigma: 0, timestep: 0 }, ...grid(steps).toReversed()]
  return runSteps(inversion, inversion.schedule(levels), source)
}
const settings = { grid, stochastic: false }

describe.each([
  ["ddim", ddimInversion, flowEuler(settings), 0.6, 0.1],
  ["flow-heun", flowInversion, flowHeun(settings), 0.35, 0.01],
] as const)("the inversion %s", (_, inversion, sampler, factor, bound) => {
  // The flow of a normal is a rescaling: noise z ends at mean + deviation·z.
  it("finds the noise that clean latents came from, at the order of its solver", () => {
    const noise = latentsOf([...source.values()].map((x) => (x - mean) / deviation))
    const [few, many] = [distance(up(inversion, 40), noise), distance(up(inversion, 80), noise)]
    expect(many).toBeLessThan(bound)
    expect(many).toBeLessThan(factor * few)
  })

  it("gives the latents back when they are sampled again", () => {
    const back = (steps: number) => distance(runSteps(sampler, sampler.schedule(steps), up(inversion, steps)), source)
    expect(back(80)).toBeLessThan(bound)
    expect(back(80)).toBeLessThan(factor * back(40))
  })

  it("reaches a single level, too", () => {
    const [level] = grid(1)
    const schedule = inversion.schedule([
      { alpha: 1, sigma: 0, timestep: 0 },
      { ...level!, sigma: 0.5, alpha: 0.5 },
    ])
    expect(runSteps(inversion, schedule, source).values().every(Number.isFinite)).toBe(true)
  })
})

describe("an inversion by name", () => {
  it("is there for each name, and refused for others with the names", async () => {
    for (const name of inversionNames) await Effect.runPromise(Effect.scoped(Layer.build(inversionLayer(name))))
    const error = await Effect.runPromise(Effect.flip(Effect.scoped(Layer.build(inversionLayer("euler")))))
    expect(error.message).toBe('There is no inversion "euler"; choose one of ddim, flow-heun.')
  })
})
