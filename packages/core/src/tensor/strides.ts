import type { DataOf, DType } from "./dtype.ts"

/** The steps in elements between neighbours along each axis of a row-major array. */
export const rowMajorStrides = (shape: readonly number[]): readonly number[] => {
  const strides = shape.map(() => 1)
  let step = 1
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step
    step *= shape[i]!
  }
  return strides
}

/** Drops axes of size 1 and joins neighbours that are stepped through as one, so that the innermost loop is long. */
const joinAxes = (
  shape: readonly number[],
  strides: readonly number[],
): { readonly shape: readonly number[]; readonly strides: readonly number[] } => {
  const joinedShape: number[] = []
  const joinedStrides: number[] = []
  for (const [i, length] of shape.entries()) {
    if (length === 1) continue
    const last = joinedShape.length - 1
    if (last >= 0 && joinedStrides[last] === strides[i]! * length) {
      joinedShape[last] = joinedShape[last]! * length
      joinedStrides[last] = strides[i]!
    } else {
      joinedShape.push(length)
      joinedStrides.push(strides[i]!)
    }
  }
  return { shape: joinedShape, strides: joinedStrides }
}

/** Copies the elements of a strided view in row-major order into `target`, which holds exactly as many. */
export const copyStrided = <D extends DType>(
  target: DataOf<D>,
  source: DataOf<D>,
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
): void => {
  if (target.length === 0) return
  // Both have the same element type; float32 stands for all of them, which the compiler cannot follow.
  const from = source as Float32Array
  const to = target as Float32Array
  const joined = joinAxes(shape, strides)
  const innerLength = joined.shape.at(-1) ?? 1
  const innerStride = joined.strides.at(-1) ?? 1
  let written = 0
  const copyAxis = (axis: number, start: number): void => {
    if (axis < joined.shape.length - 1) {
      const step = joined.strides[axis]!
      for (let i = 0; i < joined.shape[axis]!; i++) copyAxis(axis + 1, start + i * step)
      return
    }
    if (innerStride === 1) {
      to.set(from.subarray(start, start + innerLength), written)
    } else {
      for (let i = 0; i < innerLength; i++) to[written + i] = from[start + i * innerStride]!
    }
    written += innerLength
  }
  copyAxis(0, offset)
}
