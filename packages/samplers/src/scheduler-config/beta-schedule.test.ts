import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { alphasCumprodOf, betaSchedule, betasOf, shiftSnr, zeroTerminalSnr } from "./beta-schedule.ts"

const scaledLinear = betaSchedule({
  name: "scaled_linear",
  start: 0.00085,
  end: 0.012,
  timesteps: 1000,
  precision: "float64",
})
const plain = alphasCumprodOf(scaledLinear, "float64")

const snr = (alpha: number): number => alpha / (1 - alpha)

describe("beta schedules", () => {
  it.each([
    { scale: 1, expected: [0.99915, 0.98101046, 0.88808589, 0.24235917, 0.00303307, 8.5788e-5] },
    { scale: 3, expected: [0.99745433, 0.94657298, 0.73086687, 0.09596957, 0.00096879, 2.7194e-5] },
  ])("give CogVideoX's table for an SNR shift of $scale", ({ scale, expected }) => {
    const table = zeroTerminalSnr(shiftSnr(plain, scale, "float64"), "float64")
    const timesteps = [0, 19, 99, 499, 899, 979]
    timesteps.forEach((t, i) => expect(table[t]! / expected[i]!).toBeCloseTo(1, 4))
    expect(table[999]).toBe(0)
  })

  it("divide the signal-to-noise ratio at every timestep by the shift", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 10, noNaN: true }), (scale) => {
        const shifted = shiftSnr(plain, scale, "float64")
        const errors = shifted.map((alpha, t) => Math.abs((snr(alpha) * scale) / snr(plain[t]!) - 1))
        expect(Math.max(...errors)).toBeLessThan(1e-9)
      }),
    )
  })

  it.each(["linear", "scaled_linear", "squaredcos_cap_v2"] as const)(
    "%s: rescaling keeps the first timestep, ends in pure noise and still falls",
    (name) => {
      const betas = betaSchedule({ name, start: 0.0001, end: 0.02, timesteps: 1000, precision: "float32" })
      const before = alphasCumprodOf(betas, "float32")
      const after = zeroTerminalSnr(before, "float32")
      expect(after[0]).toBeCloseTo(before[0]!, 6)
      expect(after[999]).toBe(0)
      expect(after.every((alpha, t) => t === 0 || alpha < after[t - 1]!)).toBe(true)
    },
  )

  it("are the inverse of the cumulative product", () => {
    const again = betasOf(plain, "float64")
    expect(Math.max(...again.map((beta, t) => Math.abs(beta - scaledLinear[t]!)))).toBeLessThan(1e-12)
  })

  it("keep float32 values in float32", () => {
    const betas = betaSchedule({ name: "linear", start: 0.0001, end: 0.02, timesteps: 1000, precision: "float32" })
    expect(betas).toEqual(betas.map(Math.fround))
    expect(betas[0]).toBe(Math.fround(0.0001))
    expect(betas[999]).toBe(Math.fround(0.02))
  })
})
