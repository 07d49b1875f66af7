/** Element types that occur in a graph. 16-bit weights are widened to float32 where they are used. */
export type ElementType = "float64" | "float32" | "float16" | "bfloat16" | "int64" | "int32" | "bool" | "uint8"

/** Bytes of one element. */
export const elementBytes: Readonly<Record<ElementType, number>> = {
  float32: 4,
  float64: 8,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  bool: 1,
  uint8: 1,
}

/** Numbers of ONNX's `TensorProto.DataType`. */
export const onnxTypes: Readonly<Record<ElementType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
}
