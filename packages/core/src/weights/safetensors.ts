import { type SafetensorsData, type SafetensorsDType, safetensorsFormats } from "./safetensors-dtype.ts"
import { SafetensorsError } from "./safetensors-error.ts"
import { readSafetensorsHeader } from "./safetensors-header.ts"
import type { AnyTensor } from "../tensor/tensor.ts"

/** One tensor of a decoded file, told apart by `dtype`; float types below 32 bits stay as their bits. */
export type DecodedTensor = {
  readonly [D in SafetensorsDType]: {
    readonly dtype: D
    readonly shape: readonly number[]
    readonly data: SafetensorsData<D>
  }
}[SafetensorsDType]

/** The contents of a whole safetensors file. */
export interface DecodedSafetensors {
  readonly tensors: ReadonlyMap<string, DecodedTensor>
  readonly metadata: Readonly<Record<string, string>>
}

const byteView = (data: ArrayBufferView): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

/**
 * The bytes of a safetensors file with these tensors: the same bytes for the same input, whatever the order of its keys.
 *
 * Wider elements come first, so that every tensor is aligned to its element. A `ShapeError` for a view that is not
 * contiguous, a `SafetensorsError` for a tensor with the reserved name "__metadata__".
 */
export const encodeSafetensors = (
  tensors: Readonly<Record<string, AnyTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> => {
  const parts = Object.entries(tensors).map(([name, tensor]) => {
    if (name === "__metadata__") throw SafetensorsError.of("has a name that is reserved; give it another", name)
    const values = tensor.values()
    return { name, tensor, bytes: byteView(values), width: values.BYTES_PER_ELEMENT }
  })
  parts.sort((a, b) => b.width - a.width || (a.name < b.name ? -1 : 1))
  let dataLength = 0
  const entries = parts.map(({ name, tensor, bytes }): [string, unknown] => {
    const begin = dataLength
    dataLength += bytes.length
    return [
      name,
      { dtype: safetensorsFormats[tensor.dtype].name, shape: tensor.shape, data_offsets: [begin, dataLength] },
    ]
  })
  const ordered = Object.fromEntries(Object.entries(metadata).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  // `fromEntries` rather than assignment: a tensor may be called "__proto__".
  const header = new TextEncoder().encode(
    JSON.stringify(
      Object.fromEntries([...(Object.entries(metadata).length > 0 ? [["__metadata__", ordered]] : []), ...entries]),
    ),
  )
  const headerLength = Math.ceil(header.length / 8) * 8
  const file = new Uint8Array(8 + headerLength + dataLength)
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength), true)
  file.fill(0x20, 8, 8 + headerLength)
  file.set(header, 8)
  let position = 8 + headerLength
  for (const { bytes } of parts) {
    file.set(bytes, position)
    position += bytes.length
  }
  return file
}

/** The tensors of a safetensors file as aligned copies; a `SafetensorsError` when the bytes do not follow the format. */
export const decodeSafetensors = (file: Uint8Array): DecodedSafetensors => {
  const header = readSafetensorsHeader(file, file.length)
  const tensors = new Map<string, DecodedTensor>()
  for (const [name, { dtype, shape, begin, end }] of header.tensors) {
    const bytes = Uint8Array.from(file.subarray(header.dataStart + begin, header.dataStart + end))
    tensors.set(name, { dtype, shape, data: new safetensorsFormats[dtype].array(bytes.buffer) } as DecodedTensor)
  }
  return { tensors, metadata: header.metadata }
}
