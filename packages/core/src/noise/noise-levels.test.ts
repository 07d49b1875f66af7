import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { cogvideoxTable } from "../../test/cogvideox-table.ts"
import {
  addNoise,
  levelAt,
  matchLevel,
  rectifiedFlow,
  sameProcess,
  toPrediction,
  variancePreserving,
} from "./noise-levels.ts"
import type { Level, NoiseProcess, PredictionType } from "./noise-process.ts"
import { type Latents, Tensor } from "../tensor/tensor.ts"

const processes: ReadonlyArray<readonly [string, NoiseProcess, last: number]> = [
  ["rectified flow", rectifiedFlow, 1000],
  ["CogVideoX-5b's diffusion", variancePreserving(cogvideoxTable(1)), 999],
  ["CogVideoX-2b's diffusion", variancePreserving(cogvideoxTable(3)), 999],
]
const diffusions = processes.filter(([, process]) => process.kind === "variance-preserving")
const pairs = processes.flatMap(([from, a, last]) => processes.map(([to, b]) => [from, to, a, b, last] as const))

/** Timesteps of the whole range, fractions and both ends included. */
const timesteps = (last: number): fc.Arbitrary<number> =>
  fc.oneof(
    fc.double({ min: 0, max: last, noNaN: true }),
    fc.integer({ min: 0, max: last }),
    fc.constantFrom(0, 1e-9, last - 1e-9, last),
  )

const values = fc.array(fc.float({ min: -4, max: 4, noNaN: true }), { minLength: 8, maxLength: 8 })

const latents = (data: ReadonlyArray<number>): Latents =>
  Tensor.from("batch frames channels height width", [1, 2, 1, 2, 2], Float32Array.from(data))

const largestDifference = (a: Latents, b: Latents): number => {
  const [x, y] = [a.values(), b.values()]
  return Math.max(...x.map((value, i) => Math.abs(value - y[i]!)))
}

describe("levelAt", () => {
  // The values are those of the published scheduler configs: ᾱ at a few timesteps for both SNR shifts.
  it.each([
    [1, [0.99915, 0.98101046, 0.88808589, 0.24235917, 0.00303307, 8.5788e-5, 0]],
    [3, [0.99745433, 0.94657298, 0.73086687, 0.09596957, 0.00096879, 2.7194e-5, 0]],
  ] as const)("gives CogVideoX's ᾱ for the SNR shift %i", (shift, expected) => {
    const process = variancePreserving(cogvideoxTable(shift))
    const found = [0, 19, 99, 499, 899, 979, 999].map((timestep) => levelAt(process, timestep).alpha ** 2)
    for (const [i, alphaCumprod] of expected.entries()) expect(found[i]).toBeCloseTo(alphaCumprod, 7)
  })

  it("takes the table's own ᾱ at whole timesteps", () => {
    const table = cogvideoxTable(1)
    for (let timestep = 0; timestep < 1000; timestep++) {
      const { alpha, sigma } = levelAt(variancePreserving(table), timestep)
      expect(alpha).toBe(Math.sqrt(table[timestep]!))
      expect(sigma).toBe(Math.sqrt(1 - table[timestep]!))
    }
  })

  it("has no noise at the timestep −1 of diffusion and at 0 of rectified flow", () => {
    for (const [, process] of diffusions) expect(levelAt(process, -1)).toEqual({ alpha: 1, sigma: 0, timestep: -1 })
    expect(levelAt(rectifiedFlow, 0)).toEqual({ alpha: 1, sigma: 0, timestep: 0 })
  })

  it("has nothing but noise at the last timestep", () => {
    for (const [, process, last] of processes)
      expect(levelAt(process, last)).toEqual({ alpha: 0, sigma: 1, timestep: last })
  })

  it.each(processes)("gets noisier with every fraction of a timestep on %s", (_, process, last) => {
    fc.assert(
      fc.property(timesteps(last), timesteps(last), (s, t) => {
        const [early, late] = [levelAt(process, Math.min(s, t)), levelAt(process, Math.max(s, t))]
        expect(late.alpha).toBeLessThanOrEqual(early.alpha)
        expect(late.sigma).toBeGreaterThanOrEqual(early.sigma)
        const share = ({ alpha, sigma }: Level): number => sigma / (alpha + sigma)
        expect(share(late) > share(early) || Math.abs(s - t) < 1e-6).toBe(true)
      }),
    )
  })

  it.each(diffusions)("keeps the variance of %s at 1", (_, process, last) => {
    fc.assert(
      fc.property(timesteps(last), (timestep) => {
        const { alpha, sigma } = levelAt(process, timestep)
        expect(alpha ** 2 + sigma ** 2).toBeCloseTo(1, 14)
      }),
    )
  })

  it("interpolates a table that begins without noise", () => {
    const process = variancePreserving(Float64Array.of(1, 0.5, 0))
    const alphas = [0, 0.5, 1, 1.5, 2].map((timestep) => levelAt(process, timestep).alpha ** 2)
    for (const [i, expected] of [1, 0.75, 0.5, 0.25, 0].entries()) expect(alphas[i]).toBeCloseTo(expected, 14)
  })
})

describe("matchLevel", () => {
  it.each(pairs)("keeps the signal-to-noise ratio from %s to %s", (_from, _to, from, to, last) => {
    fc.assert(
      fc.property(timesteps(last), (timestep) => {
        const level = levelAt(from, timestep)
        const matched = matchLevel(to, level).level
        // α/σ = α′/σ′ without a division by the 0 at an end.
        expect(matched.alpha * level.sigma).toBeCloseTo(matched.sigma * level.alpha, 14)
      }),
    )
  })

  it.each(pairs)(
    "maps a sample of %s to one of %s with the same clean latents and noise",
    (_from, _to, from, to, last) => {
      fc.assert(
        fc.property(timesteps(last), (timestep) => {
          const level = levelAt(from, timestep)
          const { level: matched, factor } = matchLevel(to, level)
          expect(factor * level.alpha).toBeCloseTo(matched.alpha, 14)
          expect(factor * level.sigma).toBeCloseTo(matched.sigma, 14)
        }),
      )
    },
  )

  it("maps both ends exactly", () => {
    for (const [, to] of processes) {
      expect(matchLevel(to, { alpha: 0, sigma: 1, timestep: 1000 })).toMatchObject({
        level: { alpha: 0, sigma: 1 },
        factor: 1,
      })
      expect(matchLevel(to, { alpha: 1, sigma: 0, timestep: 0 })).toMatchObject({
        level: { alpha: 1, sigma: 0 },
        factor: 1,
      })
    }
  })

  it.each(pairs.filter(([, , , , last]) => last === 1000))(
    "comes back from %s through %s",
    (_from, _to, from, through) => {
      fc.assert(
        fc.property(timesteps(1000), (timestep) => {
          const there = matchLevel(through, levelAt(from, timestep))
          const back = matchLevel(from, there.level)
          expect(back.level.timestep).toBeCloseTo(timestep, 9)
          expect(there.factor * back.factor).toBeCloseTo(1, 13)
        }),
      )
    },
  )

  it.each(diffusions)("finds the timestep that %s has a level at", (_, process, last) => {
    fc.assert(
      fc.property(timesteps(last), (timestep) => {
        expect(matchLevel(process, levelAt(process, timestep)).level.timestep).toBeCloseTo(timestep, 8)
      }),
    )
  })

  it("tells a network the nearest timestep that it was trained at", () => {
    const table = cogvideoxTable(1).slice(100, 900)
    const process = variancePreserving(table)
    expect(matchLevel(process, levelAt(rectifiedFlow, 1000)).level).toEqual({ alpha: 0, sigma: 1, timestep: 799 })
    expect(matchLevel(process, levelAt(rectifiedFlow, 0)).level).toEqual({ alpha: 1, sigma: 0, timestep: 0 })
  })
})

describe("toPrediction", () => {
  const answers: Record<PredictionType, (clean: number, noise: number, level: Level) => number> = {
    v_prediction: (clean, noise, { alpha, sigma }) => alpha * noise - sigma * clean,
    epsilon: (_, noise) => noise,
    sample: (clean) => clean,
    flow: (clean, noise) => noise - clean,
  }
  const predictions: ReadonlyArray<readonly [PredictionType, first: number, last: number]> = [
    ["v_prediction", 0, 999],
    // Noise says nothing of the clean latents where there is nothing else, and clean latents nothing of the noise.
    ["epsilon", 0, 700],
    ["sample", 100, 999],
  ]
  const cases = [
    ...diffusions.flatMap(([name, process]) =>
      predictions.map((prediction) => [...prediction, name, process] as const),
    ),
    ["flow", 0, 1000, "rectified flow", rectifiedFlow] as const,
  ]

  it.each(cases)("reads %s in %i…%i of %s as what made the sample", (type, first, last, _, process) => {
    fc.assert(
      fc.property(values, values, fc.double({ min: first, max: last, noNaN: true }), (c, n, timestep) => {
        const level = levelAt(process, timestep)
        const [clean, noise] = [latents(c), latents(n)]
        const output = latents(Array.from(clean.values(), (x, i) => answers[type](x, noise.values()[i]!, level)))
        const prediction = toPrediction(type, addNoise(clean, noise, level), level, output)
        expect(largestDifference(prediction.clean, clean)).toBeLessThan(2e-5)
        expect(largestDifference(prediction.noise, noise)).toBeLessThan(2e-5)
      }),
    )
  })

  it("reads an answer that is a view", () => {
    const level = levelAt(rectifiedFlow, 500)
    const view = Tensor.from(
      "batch channels frames height width",
      [1, 2, 2, 1, 2],
      Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    ).permute("batch frames channels height width")
    const sample = Tensor.zeros("batch frames channels height width", [1, 2, 2, 1, 2])
    expect([...toPrediction("epsilon", sample, level, view).noise.values()]).toEqual([1, 2, 5, 6, 3, 4, 7, 8])
  })

  it("refuses an answer of another shape, even of as many elements", () => {
    const sample = Tensor.zeros("batch frames channels height width", [1, 2, 1, 2, 2])
    const output = Tensor.zeros("batch frames channels height width", [1, 1, 2, 2, 2])
    expect(() => toPrediction("epsilon", sample, levelAt(rectifiedFlow, 500), output)).toThrow(
      "toPrediction: expected latents of [1, 2, 1, 2, 2], found [1, 1, 2, 2, 2].",
    )
  })
})

describe("addNoise", () => {
  it("mixes clean latents and noise by the level", () => {
    const mixed = addNoise(latents([1, 2, 3, 4, 5, 6, 7, 8]), latents([8, 7, 6, 5, 4, 3, 2, 1]), {
      alpha: 0.75,
      sigma: 0.5,
      timestep: 0,
    })
    expect([...mixed.values()]).toEqual([4.75, 5, 5.25, 5.5, 5.75, 6, 6.25, 6.5])
  })

  it("refuses noise of another shape", () => {
    const noise = Tensor.zeros("batch frames channels height width", [1, 1, 2, 2, 2])
    expect(() => addNoise(latents([1, 2, 3, 4, 5, 6, 7, 8]), noise, levelAt(rectifiedFlow, 500))).toThrow("addNoise")
  })
})

describe("sameProcess", () => {
  it("compares processes by their levels", () => {
    const [a, b] = [variancePreserving(cogvideoxTable(1)), variancePreserving(cogvideoxTable(1))]
    expect(sameProcess(a, b)).toBe(true)
    expect(sameProcess(rectifiedFlow, { kind: "rectified-flow" })).toBe(true)
    expect(sameProcess(a, rectifiedFlow)).toBe(false)
    expect(sameProcess(rectifiedFlow, a)).toBe(false)
    expect(sameProcess(a, variancePreserving(cogvideoxTable(3)))).toBe(false)
    expect(sameProcess(a, variancePreserving(cogvideoxTable(1).slice(0, 999)))).toBe(false)
  })
})
