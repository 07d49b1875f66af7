import type { DataOf, DType } from "../tensor/dtype.ts"

interface OtherData {
  readonly float64: Float64Array
  readonly float8_e4m3: Uint8Array
  readonly float8_e5m2: Uint8Array
  readonly int16: Int16Array
  readonly int8: Int8Array
  readonly uint64: BigUint64Array
  readonly uint32: Uint32Array
  readonly uint16: Uint16Array
}

/** An element type that a safetensors file can hold: those of a `Tensor`, and some that no tensor here has. */
export type SafetensorsDType = DType | keyof OtherData

/** The typed array for elements of `D`; float types below 32 bits stay as their bits. */
export type SafetensorsData<D extends SafetensorsDType> = D extends DType
  ? DataOf<D>
  : D extends keyof OtherData
    ? OtherData[D]
    : never

interface Format<D extends SafetensorsDType> {
  /** Its name in the file. */
  readonly name: string
  readonly array: { readonly BYTES_PER_ELEMENT: number; new (buffer: ArrayBuffer): SafetensorsData<D> }
}

export const safetensorsFormats: { readonly [D in SafetensorsDType]: Format<D> } = {
  float64: { name: "F64", array: Float64Array },
  float32: { name: "F32", array: Float32Array },
  float16: { name: "F16", array: Uint16Array },
  bfloat16: { name: "BF16", array: Uint16Array },
  float8_e4m3: { name: "F8_E4M3", array: Uint8Array },
  float8_e5m2: { name: "F8_E5M2", array: Uint8Array },
  int64: { name: "I64", array: BigInt64Array },
  int32: { name: "I32", array: Int32Array },
  int16: { name: "I16", array: Int16Array },
  int8: { name: "I8", array: Int8Array },
  uint64: { name: "U64", array: BigUint64Array },
  uint32: { name: "U32", array: Uint32Array },
  uint16: { name: "U16", array: Uint16Array },
  uint8: { name: "U8", array: Uint8Array },
  bool: { name: "BOOL", array: Uint8Array },
}
