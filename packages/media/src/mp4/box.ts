/** One box of an ISO base media file (ISO/IEC 14496-12 §4.2): `content` is what follows the size and the type. */
export interface Mp4Box {
  readonly type: string
  readonly content: Uint8Array
}

/** The boxes that stand one after another in `bytes`. */
export const readBoxes = (bytes: Uint8Array): ReadonlyArray<Mp4Box> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const boxes: Array<Mp4Box> = []
  let at = 0
  while (at + 8 <= bytes.length) {
    const isLong = view.getUint32(at) === 1 && at + 16 <= bytes.length
    const [size, headSize] = isLong ? [Number(view.getBigUint64(at + 8)), 16] : [view.getUint32(at), 8]
    if (size < headSize || at + size > bytes.length) break
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8))
    boxes.push({ type, content: bytes.subarray(at + headSize, at + size) })
    at += size
  }
  return boxes
}

// Bytes of fields that stand before the children of a box; the other containers have none.
const FIELDS_BEFORE_CHILDREN: Readonly<Record<string, number>> = { stsd: 8, avc1: 78 }

/** The content of the box at `path`, such as `["moov", "mvhd"]`; undefined when there is none. */
export const findBox = (bytes: Uint8Array, path: ReadonlyArray<string>): Uint8Array | undefined => {
  let content: Uint8Array = bytes
  let skip = 0
  for (const type of path) {
    const found = readBoxes(content.subarray(skip)).find((box) => box.type === type)
    if (found === undefined) return undefined
    content = found.content
    skip = FIELDS_BEFORE_CHILDREN[type] ?? 0
  }
  return content
}

/** Joins byte arrays. */
export const concatBytes = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const out = new Uint8Array(parts.reduce((total, part) => total + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Big-endian 8-bit numbers. */
export const u8 = (...values: ReadonlyArray<number>): Uint8Array => Uint8Array.from(values)

/** Big-endian 16-bit numbers. */
export const u16 = (...values: ReadonlyArray<number>): Uint8Array =>
  Uint8Array.from(values.flatMap((value) => [value >>> 8, value]))

/** Big-endian 32-bit numbers. */
export const u32 = (...values: ReadonlyArray<number>): Uint8Array =>
  Uint8Array.from(values.flatMap((value) => [value >>> 24, value >>> 16, value >>> 8, value]))

/** The bytes of Latin-1 text. */
export const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0))

/** Writes a box. */
export const box = (type: string, ...content: ReadonlyArray<Uint8Array>): Uint8Array => {
  const size = content.reduce((total, part) => total + part.length, 8)
  return concatBytes([u32(size), latin1(type), ...content])
}

/** Writes a box that starts with a version (0 here) and 24 bits of flags. */
export const fullBox = (type: string, flags: number, ...content: ReadonlyArray<Uint8Array>): Uint8Array =>
  box(type, u32(flags), ...content)
