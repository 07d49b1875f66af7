import { testSampler } from "@auteur/core/testing"
import { describe, expect, it } from "vitest"
import { plugin } from "./index.ts"
import { karras } from "./karras.ts"

describe("the laws of a sampler", () => {
  it.each(testSampler(plugin().layer))("$name", ({ run }) => expect(run()).resolves.toBeUndefined())
})

it("begins and ends at the ratios of noise that it is given", () => {
  const { levels } = karras({ most: 10, least: 0.1 }).schedule(5)
  const ratios = levels.map(({ alpha, sigma }) => sigma / alpha)
  expect(ratios[0]).toBeCloseTo(10)
  expect(ratios.at(-1)).toBeCloseTo(0.1)
})

it("refuses ratios that are none", () => {
  expect(() => plugin({ most: 0.1, least: 1 })).toThrow('"most" is 0.1 and "least" is 1')
})
