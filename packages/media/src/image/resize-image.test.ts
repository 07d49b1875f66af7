import { describe, expect, it } from "vitest"
import golden from "../../test/golden/resize.json" with { type: "json" }
import { enlarge } from "./enlarge.ts"
import type { ResampleFilter } from "./resample.ts"
import { resizeImage } from "./resize-image.ts"
import type { RgbFrame } from "./rgb-frame.ts"

const toFrame = ({ width, height, rgb }: { width: number; height: number; rgb: string }): RgbFrame => ({
  width,
  height,
  data: new Uint8Array(Buffer.from(rgb, "base64")),
})
const input = toFrame(golden.input)

describe("resizeImage", () => {
  it.each(golden.cases)("equals PIL with $filter at $width×$height", ({ filter, ...picture }) => {
    const expected = toFrame(picture)
    expect(resizeImage(input, expected.width, expected.height, filter as ResampleFilter)).toEqual(expected)
  })

  it("names a size that cannot be", () => {
    expect(() => resizeImage(input, 0, 9.5)).toThrow("cannot be resized to 0×9.5")
  })
})

describe("enlarge", () => {
  it.each(["nearest", "catmull-rom", "lanczos"] as const)("gives the same frame at factor 1 with %s", (filter) => {
    expect(enlarge(input, 1, filter)).toBe(input)
  })

  it.each(["nearest", "catmull-rom", "lanczos"] as const)("keeps a plain colour plain with %s", (filter) => {
    const plain = { width: 3, height: 2, data: Uint8Array.from({ length: 18 }, (_, i) => [250, 3, 77][i % 3]!) }
    const large = enlarge(plain, 5, filter)
    expect([large.width, large.height]).toEqual([15, 10])
    expect(large.data).toEqual(Uint8Array.from({ length: 450 }, (_, i) => [250, 3, 77][i % 3]!))
  })

  it("repeats each pixel with nearest", () => {
    const large = enlarge(input, 3, "nearest")
    for (let y = 0; y < large.height; y++) {
      for (let x = 0; x < large.width; x++) {
        const p = (y * large.width + x) * 3
        const q = (Math.floor(y / 3) * input.width + Math.floor(x / 3)) * 3
        expect(large.data.subarray(p, p + 3)).toEqual(input.data.subarray(q, q + 3))
      }
    }
  })

  it.each([0, 1.5, 17])("refuses the factor %s", (factor) => {
    expect(() => enlarge(input, factor)).toThrow(`cannot be enlarged ${factor} times: give an integer from 1 to 16`)
  })
})
