import type { AxisNames, Sizes } from "./axes.ts"
import { allocate, type DType } from "./dtype.ts"
import { ShapeError } from "./shape-error.ts"
import { type AnyTensor, Tensor } from "./tensor.ts"

const checkAlike = (operation: string, a: AnyTensor, b: AnyTensor, except?: string): void => {
  if (a.layout !== b.layout) throw ShapeError.of(operation, `the axes "${a.layout}"`, `"${b.layout}"`)
  for (const [i, axis] of a.axes.entries()) {
    if (axis !== except && a.shape[i] !== b.shape[i]) {
      throw ShapeError.of(operation, `the size ${a.shape[i]}`, String(b.shape[i]), axis)
    }
  }
}

/** A new tensor of the given ones in a row along one axis; the other axes must have equal sizes. */
export const concat = <Axes extends string, D extends DType>(
  axis: AxisNames<NoInfer<Axes>>,
  tensors: readonly Tensor<Axes, D>[],
): Tensor<Axes, D> => {
  const [first] = tensors
  if (first === undefined) throw ShapeError.of("concat", "at least one tensor", "none")
  for (const tensor of tensors) {
    if (tensor.dtype !== first.dtype) throw ShapeError.of("concat", `elements of ${first.dtype}`, tensor.dtype)
    checkAlike("concat", first, tensor, axis)
  }
  const length = tensors.reduce((sum, tensor) => sum + tensor.length(axis), 0)
  const sizes: readonly number[] = first.shape
  const at = first.axes.indexOf(axis)
  const outer = sizes.slice(0, at).reduce((product, size) => product * size, 1)
  const inner = sizes.slice(at + 1).reduce((product, size) => product * size, 1)
  const data = allocate(first.dtype, outer * length * inner)
  let start = 0
  for (const tensor of tensors) {
    const run = tensor.length(axis) * inner
    const values = tensor.values()
    for (let i = 0; i < outer; i++) {
      // The two arrays have the same element type, which the compiler cannot follow.
      ;(data as Float32Array).set((values as Float32Array).subarray(i * run, (i + 1) * run), start + i * length * inner)
    }
    start += run
  }
  return Tensor.from(first.layout, sizes.with(at, length) as readonly number[] as Sizes<Axes>, data, first.dtype)
}

/** `target += x`. */
export const add = <Axes extends string>(target: Tensor<Axes>, x: Tensor<NoInfer<Axes>>): void => {
  checkAlike("add", target, x)
  const to = target.values()
  const from = x.values()
  for (let i = 0; i < to.length; i++) to[i] = to[i]! + from[i]!
}

/** `target *= a`, with the factor rounded to float32 as torch rounds a Python number. */
export const scale = (target: AnyTensor<"float32">, a: number): void => {
  const factor = Math.fround(a)
  const to = target.values()
  for (let i = 0; i < to.length; i++) to[i] = to[i]! * factor
}

/** `target += a·x`, each product and sum rounded to float32. */
export const axpy = <Axes extends string>(target: Tensor<Axes>, a: number, x: Tensor<NoInfer<Axes>>): void => {
  checkAlike("axpy", target, x)
  const factor = Math.fround(a)
  const to = target.values()
  const from = x.values()
  for (let i = 0; i < to.length; i++) to[i] = to[i]! + Math.fround(factor * from[i]!)
}

/** `target` moves the fraction `weight` of the way to `x`, and reaches it exactly at 1; the formula of `torch.lerp`. */
export const lerp = <Axes extends string>(target: Tensor<Axes>, x: Tensor<NoInfer<Axes>>, weight: number): void => {
  checkAlike("lerp", target, x)
  const near = Math.fround(weight)
  const far = Math.fround(1 - near)
  const to = target.values()
  const from = x.values()
  for (let i = 0; i < to.length; i++) {
    const difference = Math.fround(from[i]! - to[i]!)
    to[i] = near < 0.5 ? to[i]! + Math.fround(near * difference) : from[i]! - Math.fround(difference * far)
  }
}

/**
 * A new tensor `a·x + b·y + …`, summed from left to right.
 *
 * Factors, products and sums are rounded to float32, so the result equals torch's `a * x + b * y` bit for bit.
 */
export const linearCombination = <Axes extends string>(
  terms: readonly [readonly [number, Tensor<Axes>], ...(readonly [number, Tensor<Axes>])[]],
): Tensor<Axes> => {
  const [[a, x], ...rest] = terms
  const data = x.values().slice()
  const sum = Tensor.from(x.layout, x.shape, data)
  scale(sum, a)
  for (const [b, y] of rest) axpy(sum, b, y)
  return sum
}
