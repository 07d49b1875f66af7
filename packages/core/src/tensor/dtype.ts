/** The element types a tensor can hold; `float16` and `bfloat16` are stored as their 16 bits. */
export type DType = "float32" | "float16" | "bfloat16" | "int32" | "int64" | "uint8" | "bool"

interface DataByDType {
  readonly float32: Float32Array
  readonly float16: Uint16Array
  readonly bfloat16: Uint16Array
  readonly int32: Int32Array
  readonly int64: BigInt64Array
  readonly uint8: Uint8Array
  readonly bool: Uint8Array
}

/** The typed array that stores elements of `D`. */
export type DataOf<D extends DType> = DataByDType[D]

const dataConstructors = {
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const

/** Whether a name is that of an element type. */
export const isDType = (name: string): name is DType => Object.hasOwn(dataConstructors, name)

/** The size of one element of `dtype` in bytes. */
export const bytesPerElement = (dtype: DType): number => dataConstructors[dtype].BYTES_PER_ELEMENT

/** A zeroed typed array of `size` elements of `dtype`. */
export const allocate = <D extends DType>(dtype: D, size: number): DataOf<D> =>
  new dataConstructors[dtype](size) as DataOf<D>

/** Whether `data` is the typed array that stores elements of `dtype`. */
export const isDataOf = (dtype: DType, data: unknown): boolean => data instanceof dataConstructors[dtype]

/** Rounds float32 values to float16 bits: nearest, ties to even; too large becomes an infinity. */
export const toFloat16 = (values: Float32Array): Uint16Array => new Uint16Array(new Float16Array(values).buffer)

/** Widens float16 bits to float32, exactly. */
export const fromFloat16 = (bits: Uint16Array): Float32Array =>
  new Float32Array(new Float16Array(bits.buffer, bits.byteOffset, bits.length))

/** Rounds float32 values to bfloat16 bits: nearest, ties to even; every NaN becomes 0x7fc0, as in torch. */
export const toBfloat16 = (values: Float32Array): Uint16Array => {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const bits = new Uint16Array(values.length)
  for (let i = 0; i < bits.length; i++) {
    const word = words[i]!
    const isNaN = (word & 0x7fff_ffff) > 0x7f80_0000
    // Adding half a unit in the last kept place, less one when that place is even, carries exactly when rounding goes up.
    bits[i] = isNaN ? 0x7fc0 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16
  }
  return bits
}

/** Widens bfloat16 bits to float32, exactly. */
export const fromBfloat16 = (bits: Uint16Array): Float32Array => {
  const words = new Uint32Array(bits.length)
  for (let i = 0; i < bits.length; i++) words[i] = bits[i]! << 16
  return new Float32Array(words.buffer)
}
