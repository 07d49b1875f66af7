import { describe, expect, it } from "vitest"
import { cos, exp, log, roundHalfEven, sin } from "./elementary-functions.ts"
import { Random } from "./random.ts"

/** How many doubles lie between two of the same sign. */
const unitsApart = (a: number, b: number): number => {
  const [first, second] = new BigInt64Array(Float64Array.of(a, b).buffer)
  return Math.abs(Number(first! - second!))
}

const many = Random.torch(1).uniform(20_000)

describe.each([
  ["exp", exp, Math.exp, [-1, 1]],
  ["exp", exp, Math.exp, [-700, 700]],
  ["log", log, Math.log, [0, 2]],
  ["log", log, Math.log, [0, 1e-310]],
  ["log", log, Math.log, [0, 1e300]],
  ["sin", sin, Math.sin, [-4, 4]],
  ["cos", cos, Math.cos, [-4, 4]],
  ["sin", sin, Math.sin, [0, 2 ** 20]],
  ["cos", cos, Math.cos, [-(2 ** 53), 2 ** 53]],
] as const)("%s", (_, own, engine, [low, high]) => {
  it(`is next to the engine's own from ${low} to ${high}, and the same in float32`, () => {
    let most = 0
    for (const part of many) {
      const x = low + part * (high - low)
      most = Math.max(most, unitsApart(own(x), engine(x)))
      expect(Math.fround(own(x))).toBe(Math.fround(engine(x)))
    }
    // Both may be wrong by the last place.
    expect(most).toBeLessThanOrEqual(2)
  })
})

describe("at the edges", () => {
  it.each([
    ["exp", exp, [0, -Infinity, Infinity, 710, -746, NaN], [1, 0, Infinity, Infinity, 0, NaN]],
    ["log", log, [1, 0, Infinity, -1, NaN], [0, -Infinity, Infinity, NaN, NaN]],
    ["sin", sin, [0, Math.PI], [0, 1.2246467991473532e-16]],
    ["cos", cos, [0, Math.PI, Math.PI / 2], [1, -1, 6.123233995736766e-17]],
  ] as const)("%s", (_, own, xs, values) => {
    expect(xs.map((x) => own(x))).toEqual(values)
  })

  it("the largest and the smallest results are exact", () => {
    expect(unitsApart(exp(709.7), 1.6549840276802644e308)).toBeLessThanOrEqual(1)
    expect(exp(-745)).toBe(5e-324)
  })

  it.each([NaN, Infinity, 2 ** 54])("an angle of %d is refused", (x) => {
    expect(() => sin(x)).toThrow(RangeError)
    expect(() => cos(x)).toThrow("An angle must be a number of at most 2^53 in size")
  })
})

it("roundHalfEven rounds to the nearest whole number, and halves to the even one", () => {
  expect([0.5, 1.5, 2.5, -0.5, -1.5, 2.49, 2.51, 7].map(roundHalfEven)).toEqual([0, 2, 2, 0, -2, 2, 3, 7])
})
