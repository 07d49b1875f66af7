import { describe, expect, it } from "vitest"
import { PipelineError } from "../services/errors.ts"
import { toPixels, toVideo } from "./pixels.ts"
import { Tensor } from "../tensor/tensor.ts"

const frame = (...values: ReadonlyArray<number>) =>
  Tensor.from("batch channels frames height width", [1, 1, 1, 1, values.length], Float32Array.from(values))

describe("pixels", () => {
  it("come back from −1…1 for all 256 values", () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, value) => value)
    const video = Tensor.from("batch frames height width channels", [1, 1, 16, 16, 1], bytes, "uint8")
    const pixels = toPixels(video)
    expect(pixels.values()[0]).toBe(-1)
    expect(pixels.values()[255]).toBe(1)
    expect(toVideo(pixels)).toEqual(video)
  })

  it("change places between channels last and channels first", () => {
    const bytes = Uint8Array.from({ length: 2 * 2 * 3 * 3 }, (_, i) => i)
    const video = Tensor.from("batch frames height width channels", [1, 2, 2, 3, 3], bytes, "uint8")
    const pixels = toPixels(video)
    expect(pixels.shape).toEqual([1, 3, 2, 2, 3])
    // Frame 1, row 0, column 2, channel 1.
    const [bytesAt, pixelsAt] = [((1 * 2 + 0) * 3 + 2) * 3 + 1, ((1 * 2 + 1) * 2 + 0) * 3 + 2]
    expect(pixels.values()[pixelsAt]).toBeCloseTo((2 * bytesAt) / 255 - 1, 6)
    expect(toVideo(pixels)).toEqual(video)
  })

  it("are clamped and rounded to the nearest", () => {
    expect([...toVideo(frame(-7, -1, -1 + 1.1 / 255, 0.999, 1, 3, Infinity, -Infinity)).values()]).toEqual([
      0, 0, 1, 255, 255, 255, 255, 0,
    ])
  })

  it("are refused when they are no numbers, instead of becoming black", () => {
    expect(() => toVideo(frame(0.5, Number.NaN))).toThrow(PipelineError)
    expect(() => toVideo(frame(0.5, Number.NaN))).toThrow("values that are not numbers")
  })
})
