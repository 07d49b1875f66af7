import type { ElementType } from "./graph.ts"
import type { Value } from "./value.ts"

const widths: Record<ElementType, number> = {
  float32: 4,
  float64: 8,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  bool: 1,
  uint8: 1,
}

/** Bytes that a value's numbers take. */
export const bytesOf = (value: Value): number => value.size * widths[value.type]

export const sumOfBytes = (values: Iterable<Value>): number => {
  let sum = 0
  for (const value of values) sum += bytesOf(value)
  return sum
}
