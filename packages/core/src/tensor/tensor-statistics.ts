import { ShapeError } from "./shape-error.ts"
import type { AnyTensor } from "./tensor.ts"

const valuesOf = (operation: string, tensor: AnyTensor<"float32">, atLeast: number): Float32Array => {
  if (tensor.size < atLeast) {
    throw ShapeError.of(
      operation,
      `at least ${atLeast} elements`,
      `${tensor.size} in the shape [${tensor.shape.join(", ")}]`,
    )
  }
  return tensor.values()
}

/** The mean of all elements, summed in double precision. */
export const mean = (tensor: AnyTensor<"float32">): number => {
  const values = valuesOf("mean", tensor, 1)
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]!
  return sum / values.length
}

/** The sample standard deviation (n − 1) of all elements in double precision, as `torch.std`. */
export const std = (tensor: AnyTensor<"float32">): number => {
  const values = valuesOf("std", tensor, 2)
  const center = mean(tensor)
  let sum = 0
  for (let i = 0; i < values.length; i++) {
    const distance = values[i]! - center
    sum += distance * distance
  }
  return Math.sqrt(sum / (values.length - 1))
}

/** The smallest element; NaN when any element is NaN. */
export const min = (tensor: AnyTensor<"float32">): number => {
  const values = valuesOf("min", tensor, 1)
  let smallest = Infinity
  for (let i = 0; i < values.length; i++) smallest = Math.min(smallest, values[i]!)
  return smallest
}

/** The largest element; NaN when any element is NaN. */
export const max = (tensor: AnyTensor<"float32">): number => {
  const values = valuesOf("max", tensor, 1)
  let largest = -Infinity
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, values[i]!)
  return largest
}

/** Whether no element is NaN or infinite. */
export const allFinite = (tensor: AnyTensor<"float32">): boolean => tensor.values().every(Number.isFinite)
