import { expect, it } from "vitest"
import { thresholdOf } from "./threshold.ts"

it("separates two groups of values between them (Otsu)", () => {
  const cut = thresholdOf([0.1, 0.12, 0.08, 0.11, 0.8, 0.9], { kind: "otsu" })
  expect(cut).toBeCloseTo(0.46, 10)
})

it("puts nothing above the threshold of a constant map", () => {
  expect([0.3, 0.3, 0.3].filter((x) => x > thresholdOf([0.3, 0.3, 0.3], { kind: "otsu" }))).toEqual([])
})

it("interpolates a quantile between neighbours", () => {
  expect(thresholdOf([4, 1, 3, 2], { kind: "quantile", quantile: 0.5 })).toBe(2.5)
  expect(thresholdOf([4, 1, 3, 2], { kind: "quantile", quantile: 1 })).toBe(4)
})

it("takes the mean", () => {
  expect(thresholdOf([1, 2, 6], { kind: "mean" })).toBe(3)
})
