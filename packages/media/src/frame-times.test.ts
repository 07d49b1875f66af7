import * as fc from "fast-check"
import { expect, it } from "vitest"
import { toDurations, toRate } from "./frame-times.ts"

const rates = fc.integer({ min: 1, max: 50 })
const counts = fc.integer({ min: 1, max: 200 })

it("loses no time to rounding, however many frames there are", () => {
  fc.assert(
    fc.property(counts, fc.double({ min: 1, max: 50, noNaN: true }), (count, fps) => {
      const total = toDurations(count, fps, 100).reduce((sum, ticks) => sum + ticks, 0)
      expect(Math.abs(total - (count * 100) / fps)).toBeLessThanOrEqual(0.5)
    }),
  )
})

it("finds a whole rate again after rounding, in hundredths and thousandths of a second", () => {
  fc.assert(
    fc.property(rates, (fps) => {
      expect(toRate(toDurations(fps, fps, 100), 100)).toBe(fps)
      expect(toRate(toDurations(17, fps, 1000), 1000)).toBe(fps)
    }),
  )
})

it("gives the mean of durations that differ", () => {
  expect(toRate([10, 30], 100)).toBe(5)
  expect(toRate([7, 8, 9, 90], 100)).toBeCloseTo(3.509, 3)
})
