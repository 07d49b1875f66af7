import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Tensor } from "./tensor.ts"
import { add, axpy, concat, lerp, linearCombination, scale } from "./tensor-arithmetic.ts"
import { allFinite, max, mean, min, std } from "./tensor-statistics.ts"

const row = (...values: number[]): Tensor<"a"> => Tensor.from("a", [values.length], Float32Array.from(values))
const grid = (shape: readonly [number, number, number], first = 0): Tensor<"a b c"> =>
  Tensor.from(
    "a b c",
    shape,
    Float32Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, i) => first + i),
  )

const bits = (tensor: Tensor<"a">): number[] => [...new Uint32Array(tensor.contiguous().data.buffer)]

describe("concat", () => {
  it("gives back each part when it is sliced out again, along every axis", () => {
    for (const axis of ["a", "b", "c"] as const) {
      const one = grid([2, 3, 4])
      const two = grid([2, 3, 4], 100).slice(axis, 0, 1).contiguous()
      const joined = concat(axis, [one, two, one])
      const length = one.length(axis)
      expect(joined.length(axis)).toBe(2 * length + 1)
      expect(joined.slice(axis, 0, length).contiguous().values()).toEqual(one.values())
      expect(
        joined
          .slice(axis, length, length + 1)
          .contiguous()
          .values(),
      ).toEqual(two.values())
      expect(
        joined
          .slice(axis, length + 1, 2 * length + 1)
          .contiguous()
          .values(),
      ).toEqual(one.values())
    }
  })

  it("joins every element type", () => {
    const wide = Tensor.from("a", [1], BigInt64Array.of(2n ** 60n), "int64")
    expect(concat("a", [wide, wide]).values()).toEqual(BigInt64Array.of(2n ** 60n, 2n ** 60n))
  })

  it("refuses parts that differ in another axis, no parts, and views that are not contiguous", () => {
    expect(() => concat("a", [grid([1, 2, 3]), grid([1, 2, 4])])).toThrow(
      'concat, axis "c": expected the size 3, found 4.',
    )
    expect(() => concat("a", [])).toThrow("concat: expected at least one tensor, found none.")
    expect(() => concat("a", [grid([2, 2, 2]).slice("b", 0, 1)])).toThrow("call contiguous() first")
  })
})

describe("arithmetic", () => {
  it("adds, scales and interpolates into the target", () => {
    const target = row(1, 2, 3)
    add(target, row(10, 20, 30))
    scale(target, 2)
    axpy(target, 0.5, row(2, 4, 6))
    expect([...target.values()]).toEqual([23, 46, 69])
    lerp(target, row(0, 0, 0), 1)
    expect([...target.values()]).toEqual([0, 0, 0])
  })

  it("only writes the elements of a view", () => {
    const target = row(1, 1, 1, 1)
    scale(target.slice("a", 1, 3), 5)
    expect([...target.values()]).toEqual([1, 5, 5, 1])
  })

  // torch 2.13: x, y = torch.tensor([0.1, -3.3, 1e-3]), torch.tensor([2.7, 0.7, -12345.678])
  it("equals torch in every bit", () => {
    const x = row(0.1, -3.3, 1e-3)
    const y = row(2.7, 0.7, -12_345.678)
    expect(
      bits(
        linearCombination([
          [0.3, x],
          [-1.7, y],
          [1 / 3, x],
        ]),
      ),
    ).toEqual([0xc090_da74, 0xc051_eb86, 0x46a3_f74e])
    const near = linearCombination([[1, x]])
    lerp(near, y, 0.1)
    expect(bits(near)).toEqual([0x3eb8_51ec, 0xc039_9999, 0xc49a_5224])
    const far = linearCombination([[1, x]])
    lerp(far, y, 0.7)
    expect(bits(far)).toEqual([0x3ff5_c28f, 0xbf00_0001, 0xc607_07e5])
  })

  it("leaves the terms of a linear combination as they were", () => {
    const x = row(1, 2)
    expect([...linearCombination([[3, x]]).values()]).toEqual([3, 6])
    expect([...x.values()]).toEqual([1, 2])
  })

  it("refuses other sizes and names the axis", () => {
    const run = (): void => add(grid([1, 2, 3]), grid([1, 3, 3]))
    expect(run).toThrow('add, axis "b": expected the size 2, found 3.')
    // @ts-expect-error the axes are in another order
    expect(() => axpy(grid([1, 2, 3]), 1, Tensor.zeros("b a c", [1, 2, 3]))).toThrow(
      'axpy: expected the axes "a b c", found "b a c".',
    )
  })
})

describe("statistics", () => {
  it("agree with their definitions", () => {
    const tensor = row(2, 4, 4, 4, 5, 5, 7, 9)
    expect(mean(tensor)).toBe(5)
    expect(std(tensor)).toBeCloseTo(Math.sqrt(32 / 7), 14)
    expect([min(tensor), max(tensor)]).toEqual([2, 9])
  })

  it("lie between the smallest and the largest element", () => {
    fc.assert(
      fc.property(
        fc.float32Array({ minLength: 2, noNaN: true, noDefaultInfinity: true, max: 2 ** 100, min: -(2 ** 100) }),
        (values) => {
          const tensor = Tensor.from("a", [values.length], values)
          const [low, high] = [min(tensor), max(tensor)]
          const slack = 1e-12 * Math.max(-low, high)
          expect(mean(tensor)).toBeGreaterThanOrEqual(low - slack)
          expect(mean(tensor)).toBeLessThanOrEqual(high + slack)
          expect(std(tensor)).toBeLessThanOrEqual(high - low + slack)
        },
      ),
    )
  })

  it("show a NaN wherever it is", () => {
    const tensor = row(1, NaN, 3)
    expect([mean(tensor), std(tensor), min(tensor), max(tensor)]).toEqual([NaN, NaN, NaN, NaN])
    expect([allFinite(tensor), allFinite(row(1, -Infinity)), allFinite(row(1, 2))]).toEqual([false, false, true])
  })

  it("refuse too few elements", () => {
    expect(() => mean(row())).toThrow("mean: expected at least 1 elements, found 0 in the shape [0].")
    expect(() => std(row(1))).toThrow("std: expected at least 2 elements")
  })
})
