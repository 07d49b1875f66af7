const LARGEST_CODE = 4096

/** Colour indices of a picture; `count` of them were coded, the others are 0. */
export interface Indices {
  readonly indices: Uint8Array
  readonly count: number
}

/**
 * Unpacks the colour indices of a picture, never more than it has pixels.
 *
 * Other programs leave out the first clear code or the end code, and keep on when the table is full: all of it is read.
 * Source: GIF89a specification, appendix F.
 *
 * @throws when a code is met that cannot be there
 */
export const unpackLzw = (blocks: Iterable<Uint8Array>, codeSize: number, pixels: number): Indices => {
  const clear = 1 << codeSize
  const indices = new Uint8Array(pixels)
  // An entry is its last index and the entry of those before it.
  const prefix = new Uint16Array(LARGEST_CODE)
  const suffix = new Uint8Array(LARGEST_CODE)
  const lengths = new Uint16Array(LARGEST_CODE).fill(1, 0, clear)
  for (let i = 0; i < clear; i++) suffix[i] = i
  let size = codeSize + 1
  let next = clear + 2
  let previous = -1
  let first = 0 // the first index of the previous entry
  let bits = 0
  let held = 0
  let count = 0
  for (const block of blocks) {
    for (const byte of block) {
      bits |= byte << held
      held += 8
      while (held >= size) {
        const code = bits & ((1 << size) - 1)
        bits >>>= size
        held -= size
        if (code === clear) {
          size = codeSize + 1
          next = clear + 2
          previous = -1
          continue
        }
        if (code === clear + 1 || count >= pixels) return { indices, count }
        const isNew = code === next && previous >= 0
        if (code > next || (code === next && !isNew)) throw new Error("a code in its pixels is not known yet")
        const known = isNew ? previous : code
        const length = lengths[known]!
        let at = count + length - 1
        for (let entry = known, left = length; left > 0; left--, at--) {
          first = suffix[entry]!
          if (at < pixels) indices[at] = first
          entry = prefix[entry]!
        }
        count += length
        if (isNew) {
          if (count < pixels) indices[count] = first
          count++
        }
        if (previous >= 0 && next < LARGEST_CODE) {
          prefix[next] = previous
          suffix[next] = first
          lengths[next] = lengths[previous]! + 1
          next++
          if (next === 1 << size && size < 12) size++
        }
        previous = code
      }
    }
  }
  return { indices, count: Math.min(count, pixels) }
}
