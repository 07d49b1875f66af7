import * as fc from "fast-check"
import { describe, expect, expectTypeOf, it } from "vitest"
import { ShapeError } from "./shape-error.ts"
import { type AnyTensor, type Latents, Tensor } from "./tensor.ts"

const iota = (size: number): Float32Array => Float32Array.from({ length: size }, (_, i) => i)

const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 })

const named = (shape: readonly number[]): Tensor<string> =>
  Tensor.from(shape.map((_, i) => `a${i}`).join(" ") as string, shape, iota(shape.reduce((a, b) => a * b, 1)))

/** Every index into a shape, in row-major order. */
const indices = (shape: readonly number[]): readonly (readonly number[])[] =>
  shape.reduce<readonly (readonly number[])[]>(
    (prefixes, length) => prefixes.flatMap((prefix) => Array.from({ length }, (_, i) => [...prefix, i])),
    [[]],
  )

const at = (tensor: Tensor<string>, index: readonly number[]): number =>
  tensor.data[index.reduce((position, i, axis) => position + i * tensor.strides[axis]!, tensor.offset)]!

const failure = (run: () => unknown): ShapeError => {
  try {
    run()
  } catch (error) {
    if (error instanceof ShapeError) return error
    throw error
  }
  throw new Error("nothing was thrown")
}

describe("making", () => {
  it("makes zeros of each element type in its typed array", () => {
    expect(Tensor.zeros("a b", [2, 3]).data).toEqual(new Float32Array(6))
    expect(Tensor.zeros("a", [2], "bfloat16").data).toEqual(new Uint16Array(2))
    expect(Tensor.zeros("a", [2], "int64").data).toEqual(new BigInt64Array(2))
    expect(Tensor.zeros("", []).size).toBe(1)
    expect(Tensor.zeros("a b", [2, 0]).size).toBe(0)
  })

  it("shares the data that it is made from", () => {
    const data = iota(6)
    const tensor = Tensor.from("a b", [2, 3], data)
    data[4] = 40
    expect(tensor.values()[4]).toBe(40)
    expect(tensor.strides).toEqual([3, 1])
    expect(tensor.length("b")).toBe(3)
  })

  it.each([-1, 1.5, NaN, Infinity, 2 ** 53, "3" as unknown as number])(
    "refuses %s as a size and names the axis",
    (size) => {
      const error = failure(() => Tensor.zeros("frames height", [1, size]))
      expect(error).toMatchObject({ _tag: "ShapeError", operation: "zeros", axis: "height", found: String(size) })
      expect(error.message).toBe(`zeros, axis "height": expected a whole number of at least 0, found ${size}.`)
    },
  )

  it("refuses shapes, names and data that do not fit", () => {
    expect(failure(() => Tensor.zeros("a b", [2] as unknown as [2, 3])).message).toBe(
      'zeros: expected 2 sizes for the axes "a b", found 1: [2].',
    )
    expect(failure(() => Tensor.from("a b", [2, 3], iota(5))).message).toBe(
      "from: expected 6 elements for the shape [2, 3], found 5.",
    )
    expect(failure(() => Tensor.from("a", [2], new Int32Array(2) as unknown as Float32Array)).message).toBe(
      "from: expected the typed array that stores float32, found Int32Array.",
    )
    expect(failure(() => Tensor.zeros("a a", [1, 2]))).toMatchObject({ axis: "a", found: '"a a"' })
    expect(failure(() => Tensor.zeros("a  b", [1, 1, 2])).expected).toBe("axis names with one space between them")
    expect(failure(() => Tensor.zeros("a b", [2 ** 40, 2 ** 40])).expected).toBe("fewer than 2^53 elements")
  })
})

describe("views", () => {
  it("permutes without copying, and the element at each index stays the same", () => {
    const permutation = shapes.chain((shape) =>
      fc.tuple(fc.constant(shape), fc.shuffledSubarray([...shape.keys()], { minLength: shape.length })),
    )
    fc.assert(
      fc.property(permutation, ([shape, order]) => {
        const tensor = named(shape)
        const permuted = tensor.permute(order.map((i) => `a${i}`).join(" ") as string)
        expect(permuted.data).toBe(tensor.data)
        expect(permuted.shape).toEqual(order.map((i) => shape[i]))
        for (const index of indices(shape)) {
          expect(
            at(
              permuted,
              order.map((i) => index[i]!),
            ),
          ).toBe(at(tensor, index))
        }
        expect(permuted.permute(tensor.layout).contiguous().values()).toEqual(tensor.values())
      }),
    )
  })

  it("copies any permuted slice into row-major order", () => {
    const sliced = shapes
      .filter((shape) => shape.length > 0)
      .chain((shape) =>
        fc.tuple(
          fc.constant(shape),
          fc.shuffledSubarray([...shape.keys()], { minLength: shape.length }),
          fc
            .nat(shape.length - 1)
            .chain((axis) => fc.tuple(fc.constant(axis), fc.nat(shape[axis]!), fc.nat(shape[axis]!))),
        ),
      )
    fc.assert(
      fc.property(sliced, ([shape, order, [axis, one, other]]) => {
        const view = named(shape)
          .permute(order.map((i) => `a${i}`).join(" ") as string)
          .slice(`a${axis}`, Math.min(one, other), Math.max(one, other))
        const copy = view.contiguous()
        expect([...copy.values()]).toEqual(indices(view.shape).map((index) => at(view, index)))
        expect(copy.data.length).toBe(view.size)
      }),
    )
  })

  it("writes through a slice into the tensor that it comes from", () => {
    const tensor = Tensor.zeros("frames width", [3, 2])
    tensor.slice("frames", 1, 2).values().fill(7)
    expect([...tensor.values()]).toEqual([0, 0, 7, 7, 0, 0])
  })

  it("slices after a slice from the inner start", () => {
    const tensor = Tensor.from("a b", [4, 2], iota(8))
    expect([...tensor.slice("a", 1, 4).slice("a", 1, 2).values()]).toEqual([4, 5])
  })

  it("asks for contiguous() before the values of a view that is not contiguous", () => {
    const view = Tensor.from("a b", [2, 3], iota(6)).permute("b a")
    expect(view.isContiguous).toBe(false)
    for (const run of [() => view.values(), () => view.reshape("c", [6])]) {
      expect(failure(run).message).toContain("call contiguous() first")
    }
    expect([...view.contiguous().values()]).toEqual([0, 3, 1, 4, 2, 5])
  })

  it("calls a view contiguous whatever the stride of an axis of size 1", () => {
    expect(Tensor.zeros("a b c", [2, 1, 3]).permute("b a c").isContiguous).toBe(true)
  })

  it("gives itself as contiguous only when it covers its storage", () => {
    const tensor = Tensor.from("a b", [2, 3], iota(6))
    expect(tensor.contiguous()).toBe(tensor)
    const row = tensor.slice("a", 1, 2)
    expect(row.isContiguous).toBe(true)
    expect(row.contiguous().data).toEqual(Float32Array.of(3, 4, 5))
  })

  it("reshapes and renames over the same storage", () => {
    const tensor = Tensor.from("a b", [2, 6], iota(12))
    const reshaped = tensor.slice("a", 1, 2).reshape("x y", [3, 2])
    expect(reshaped.data).toBe(tensor.data)
    expect([...reshaped.slice("x", 1, 2).values()]).toEqual([8, 9])
    expect(tensor.rename("c d").axes).toEqual(["c", "d"])
  })

  it.each([
    [-1, 1],
    [0, 4],
    [2, 1],
    [0.5, 2],
    [NaN, 2],
  ])("refuses the slice %s to %s of an axis of size 3", (start, end) => {
    const error = failure(() => Tensor.zeros("a frames", [2, 3]).slice("frames", start, end))
    expect(error.message).toBe(
      `slice, axis "frames": expected whole numbers with 0 ≤ start ≤ end ≤ 3, found ${start} and ${end}.`,
    )
  })

  it("refuses a reshape to another number of elements", () => {
    expect(failure(() => Tensor.zeros("a b", [2, 3]).reshape("c", [7])).message).toBe(
      "reshape: expected 6 elements, found 7 in the shape [7].",
    )
  })
})

describe("axis names in the type", () => {
  const latents: Latents = Tensor.zeros("batch frames channels height width", [1, 2, 3, 4, 5])

  it("follows a permutation, a rename, a reshape and an element type", () => {
    const permuted = latents.permute("batch channels frames height width")
    expectTypeOf(permuted).toEqualTypeOf<Tensor<"batch channels frames height width">>()
    expectTypeOf(latents.reshape("tokens", [120])).toEqualTypeOf<Tensor<"tokens">>()
    expectTypeOf(latents.rename("a b c d e")).toEqualTypeOf<Tensor<"a b c d e">>()
    expectTypeOf(Tensor.zeros("a", [1], "int64").values()).toEqualTypeOf<BigInt64Array>()
    expectTypeOf(latents.shape).toEqualTypeOf<readonly [number, number, number, number, number]>()
    expect(permuted.shape).toEqual([1, 3, 2, 4, 5])
  })

  it("keeps tensors of other layouts and element types apart, and lets all be an AnyTensor", () => {
    expectTypeOf<Tensor<"a b">>().not.toExtend<Tensor<"b a">>()
    expectTypeOf<Tensor<"a", "float16">>().not.toExtend<Tensor<"a", "bfloat16">>()
    expectTypeOf<Latents>().toExtend<AnyTensor>()
    expectTypeOf<Latents>().toExtend<AnyTensor<"float32">>()
    expectTypeOf<Latents>().not.toExtend<AnyTensor<"uint8">>()
  })

  it("refuses unknown, missing and repeated names at compile time and at run time", () => {
    const pair = Tensor.zeros("a b", [2, 3])
    // @ts-expect-error there is no axis "c"
    expect(failure(() => pair.permute("a c")).message).toBe(
      'permute, axis "b": expected each of "a b" once, found "a c".',
    )
    // @ts-expect-error the axis "b" is missing
    expect(failure(() => pair.permute("a")).axis).toBe("b")
    // @ts-expect-error the axis "a" is named twice
    expect(failure(() => pair.permute("a b a")).axis).toBe("a")
    // @ts-expect-error there is no axis "c"
    expect(failure(() => pair.permute("a b c")).found).toBe('"c"')
    // @ts-expect-error there is no axis "c"
    expect(failure(() => pair.length("c")).message).toBe('length: expected one of the axes "a b", found "c".')
    // @ts-expect-error there is no axis "c"
    expect(failure(() => pair.slice("c", 0, 1)).operation).toBe("slice")
    // @ts-expect-error one name for each axis
    expect(failure(() => pair.rename("c")).message).toBe('rename: expected 2 names for the axes "a b", found "c".')
    // @ts-expect-error one size for each axis
    expect(failure(() => pair.reshape("c", [2, 3])).operation).toBe("reshape")
  })
})
