import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { publishedModels } from "./cache/known-models.ts"
import { editDistance, nearestNames } from "./nearest-names.ts"

const text = fc.string({ maxLength: 12 })

describe("editDistance", () => {
  it("is zero for equal texts alone, the same both ways and never more than the longer text", () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        const distance = editDistance(a, b)
        expect(distance === 0).toBe(a === b)
        expect(editDistance(b, a)).toBe(distance)
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length))
      }),
    )
  })

  it.each([
    ["kitten", "sitting", 3],
    ["CogVideoX", "CogVidoeX", 1],
    ["", "abc", 3],
  ])("from %s to %s it is %d", (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance)
  })
})

describe("nearestNames", () => {
  it.each([
    ["CogVideoX-2b", "zai-org/CogVideoX-2b"],
    ["cogvideox-5b", "zai-org/CogVideoX-5b"],
    ["THUDM/CogVideoX-5b-I2V", "zai-org/CogVideoX-5b-I2V"],
    ["zai-org/CogVideoX1.5-5b", "zai-org/CogVideoX1.5-5B"],
    ["emoji-wrold", "emoji-world"],
  ])("finds for %s first %s", (typed, meant) => {
    expect(nearestNames(typed, [...publishedModels, "emoji-world"])[0]).toBe(meant)
  })

  it("finds nothing for what is like no name", () => {
    expect(nearestNames("stable-diffusion", publishedModels)).toEqual([])
    expect(nearestNames("x".repeat(1e6), publishedModels)).toEqual([])
  })
})
