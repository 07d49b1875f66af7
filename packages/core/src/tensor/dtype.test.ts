import { describe, expect, it } from "vitest"
import { bytesPerElement, fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from "./dtype.ts"

const patterns = Uint16Array.from({ length: 65_536 }, (_, bits) => bits)

const valueOf = (bits: number, exponentBits: number): number => {
  const mantissaBits = 15 - exponentBits
  const sign = bits >>> 15 ? -1 : 1
  const exponent = (bits >>> mantissaBits) & (2 ** exponentBits - 1)
  const fraction = (bits & (2 ** mantissaBits - 1)) / 2 ** mantissaBits
  const bias = 2 ** (exponentBits - 1) - 1
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : NaN
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias)
}

const formats = [
  { name: "float16", exponentBits: 5, infinity: 0x7c00, widen: fromFloat16, round: toFloat16 },
  { name: "bfloat16", exponentBits: 8, infinity: 0x7f80, widen: fromBfloat16, round: toBfloat16 },
] as const

describe.each(formats)("$name", ({ exponentBits, infinity, widen, round }) => {
  const values = widen(patterns)

  it("widens all 65536 patterns to the value that the format defines", () => {
    const wrong = [...patterns].filter((bits) => !Object.is(values[bits], valueOf(bits, exponentBits)))
    expect(wrong).toEqual([])
  })

  it("gives every pattern back but for the payload of a NaN", () => {
    const back = round(values)
    const wrong = [...patterns].filter((bits) =>
      Number.isNaN(values[bits]) ? !Number.isNaN(valueOf(back[bits]!, exponentBits)) : back[bits] !== bits,
    )
    expect(wrong).toEqual([])
  })

  it("rounds to the nearest, and halfway to the even neighbour, for every pair of neighbours", () => {
    const wrong: number[] = []
    for (let low = 0; low < infinity - 1; low++) {
      for (const sign of [0, 0x8000]) {
        const [from, to] = [values[low | sign]!, values[(low + 1) | sign]!]
        const between = Float32Array.of(from * 0.75 + to * 0.25, (from + to) / 2, from * 0.25 + to * 0.75)
        const even = low % 2 === 0 ? low : low + 1
        const rounded = round(between)
        if (rounded[0] !== (low | sign) || rounded[1] !== (even | sign) || rounded[2] !== ((low + 1) | sign))
          wrong.push(low | sign)
      }
    }
    expect(wrong).toEqual([])
  })

  it("rounds what is too large to an infinity", () => {
    const largest = values[infinity - 1]!
    const halfStep = (largest - values[infinity - 2]!) / 2
    expect(round(Float32Array.of(largest + halfStep, -largest - halfStep, Infinity, -Infinity))).toEqual(
      Uint16Array.of(infinity, infinity | 0x8000, infinity, infinity | 0x8000),
    )
    expect(round(Float32Array.of(largest + halfStep / 2))).toEqual(Uint16Array.of(infinity - 1))
  })

  it("reads and writes views that begin inside a buffer", () => {
    expect(widen(patterns.subarray(5, 8))).toEqual(values.slice(5, 8))
    expect(round(values.subarray(5, 8))).toEqual(patterns.slice(5, 8))
  })
})

it("rounds a bfloat16 NaN to torch's 0x7fc0", () => {
  const nan = new Float32Array(Uint32Array.of(0xff80_0001, 0x7fff_ffff).buffer)
  expect(toBfloat16(nan)).toEqual(Uint16Array.of(0x7fc0, 0x7fc0))
})

it("knows the width of each element type", () => {
  expect((["float32", "float16", "bfloat16", "int32", "int64", "uint8", "bool"] as const).map(bytesPerElement)).toEqual(
    [4, 2, 2, 4, 8, 1, 1],
  )
})
