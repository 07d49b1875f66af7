import { describe, expect, it } from "vitest"
import { toSdr } from "./to-sdr.ts"
import { type YuvCoding, yuvToRgb } from "./yuv-to-rgb.ts"

/** One colour, of one sample each. */
const colour = (
  [luma, u, v]: readonly [number, number, number],
  coding: YuvCoding,
  { depth = 8, alpha, signal }: { depth?: number; alpha?: number; signal?: Parameters<typeof toSdr>[0] } = {},
): ReadonlyArray<number> => {
  const plane = (sample: number) => ({ data: Uint16Array.of(sample), stride: 1 })
  const convert = yuvToRgb(coding, depth, signal && toSdr(signal))
  const planes = {
    luma: plane(luma),
    u: plane(u),
    v: plane(v),
    ...(alpha === undefined ? {} : { alpha: plane(alpha) }),
  }
  return [...convert({ width: 1, height: 1, depth, ...planes, shiftX: 0, shiftY: 0 }).data]
}

/** By how much two colours differ at most. */
const distance = (found: ReadonlyArray<number>, expected: ReadonlyArray<number>): number =>
  Math.max(...found.map((value, i) => Math.abs(value - expected[i]!)))

describe("luma and chroma", () => {
  it.each([
    ["red", [255, 0, 0]],
    ["green", [0, 255, 0]],
    ["blue", [0, 0, 255]],
    ["skin", [224, 172, 105]],
    ["white", [255, 255, 255]],
    ["black", [0, 0, 0]],
  ])("of %s give it back by every matrix, range and depth", (_, rgb) => {
    const weights = { bt601: [0.299, 0.114], bt709: [0.2126, 0.0722], bt2020: [0.2627, 0.0593] } as const
    for (const matrix of ["bt601", "bt709", "bt2020"] as const) {
      for (const fullRange of [false, true]) {
        for (const depth of [8, 10, 12]) {
          const [red, blue] = weights[matrix]
          const [r, g, b] = rgb.map((value) => value / 255) as [number, number, number]
          const luma = red * r + (1 - red - blue) * g + blue * b
          const [u, v] = [(b - luma) / (2 - 2 * blue), (r - luma) / (2 - 2 * red)]
          const [unit, full] = [2 ** (depth - 8), 2 ** depth - 1]
          const samples = fullRange
            ? [luma * full, u * full + 128 * unit, v * full + 128 * unit]
            : [(luma * 219 + 16) * unit, (u * 224 + 128) * unit, (v * 224 + 128) * unit]
          const rounded = samples.map((sample) => Math.min(full, Math.round(sample))) as [number, number, number]
          expect(distance(colour(rounded, { matrix, fullRange }, { depth }), rgb)).toBeLessThanOrEqual(2)
        }
      }
    }
  })

  it("with alpha are before black", () => {
    const coding = { matrix: "bt709", fullRange: true } as const
    expect(distance(colour([200, 128, 128], coding, { alpha: 0 }), [0, 0, 0])).toBeLessThanOrEqual(1)
    expect(distance(colour([200, 128, 128], coding, { alpha: 128 }), [100, 100, 100])).toBeLessThanOrEqual(1)
    expect(distance(colour([200, 128, 128], coding, { alpha: 255 }), [200, 200, 200])).toBeLessThanOrEqual(1)
  })
})

describe("HDR", () => {
  const coding = { matrix: "bt2020", fullRange: false } as const
  const grey = (code: number): readonly [number, number, number] => [Math.round((code * 219 + 16) * 4), 512, 512]
  const read = (code: number, transfer: "pq" | "hlg"): number =>
    colour(grey(code), coding, { depth: 10, signal: { primaries: "bt2020", transfer } })[0]!

  it.each([
    ["PQ", "pq", 0.58],
    ["HLG", "hlg", 0.75],
  ] as const)("of %s: diffuse white is nearly white, and highlights are still told from it", (_, transfer, white) => {
    expect(read(white, transfer)).toBeGreaterThanOrEqual(238)
    expect(read(white, transfer)).toBeLessThan(read(white + 0.1, transfer))
    expect(read(1, transfer)).toBe(255)
    expect(read(0, transfer)).toBe(0)
  })

  it.each([
    // 18 % of diffuse white: 36.5 cd/m², which sRGB codes as 118.
    ["PQ", "pq", 0.4],
    ["HLG", "hlg", 0.43],
  ] as const)("of %s: middle grey keeps its light", (_, transfer, code) => {
    expect(Math.abs(read(code, transfer) - 118)).toBeLessThanOrEqual(8)
  })

  it("never gets darker where the code gets brighter", () => {
    for (const transfer of ["pq", "hlg"] as const) {
      const codes = Array.from({ length: 101 }, (_, i) => read(i / 100, transfer))
      expect(codes).toEqual(codes.toSorted((a, b) => a - b))
    }
  })
})

describe("wide primaries", () => {
  it("keep grey, and a colour of BT.709 that is coded in them", () => {
    const coding = { matrix: "bt2020", fullRange: true } as const
    const signal = { primaries: "bt2020", transfer: "sdr" } as const
    expect(distance(colour([127, 128, 128], coding, { signal }), [127, 127, 127])).toBeLessThanOrEqual(1)
    // BT.709's red, coded in BT.2020: 0.627, 0.069, 0.016 as light.
    const [r, g, b] = [0.627, 0.069, 0.016].map((light) => 1.055 * light ** (1 / 2.4) - 0.055) as [
      number,
      number,
      number,
    ]
    const luma = 0.2627 * r + 0.678 * g + 0.0593 * b
    const samples = [luma, (b - luma) / 1.8814 + 0.502, (r - luma) / 1.4746 + 0.502].map((value) =>
      Math.round(value * 255),
    )
    expect(distance(colour(samples as [number, number, number], coding, { signal }), [255, 0, 0])).toBeLessThanOrEqual(
      12,
    )
  })

  it("of BT.709 need no change", () => {
    expect(toSdr({ primaries: "bt709", transfer: "sdr" })).toBeUndefined()
  })
})
