import { inflateSync } from "node:zlib"
import { COLOUR, type PngHeader } from "./png-chunks.ts"
import type { RgbaFrame } from "./rgba-frame.ts"

/** The colours that a picture's samples stand for. */
export interface PngColours {
  /** Red, green and blue of each colour. */
  readonly palette: Uint8Array | undefined
  /** The content of tRNS: the alpha of each colour, or the one grey or colour that is transparent. */
  readonly transparency: Uint8Array | undefined
}

// First column and row, and steps, of each of Adam7's passes. Source: PNG specification §8.2.
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const

const CHANNELS: Readonly<Record<number, number>> = {
  [COLOUR.grey]: 1,
  [COLOUR.rgb]: 3,
  [COLOUR.palette]: 1,
  [COLOUR.greyAlpha]: 2,
  [COLOUR.rgba]: 4,
}

interface Pass {
  readonly x: number
  readonly y: number
  readonly stepX: number
  readonly stepY: number
  readonly width: number
  readonly height: number
  /** Bytes of a row without the number of its filter. */
  readonly rowBytes: number
}

const passesOf = ({ width, height, depth, colourType, interlaced }: PngHeader): ReadonlyArray<Pass> =>
  (interlaced ? PASSES : [[0, 0, 1, 1] as const])
    .map(([x, y, stepX, stepY]) => {
      const columns = Math.ceil((width - x) / stepX)
      const rowBytes = Math.ceil((columns * depth * CHANNELS[colourType]!) / 8)
      return { x, y, stepX, stepY, width: columns, height: Math.ceil((height - y) / stepY), rowBytes }
    })
    .filter((pass) => pass.width > 0 && pass.height > 0)

/** Undoes the filter of a row in place; `above` is the row before it, or zeros. Source: PNG specification §9.2. */
const unfilter = (filter: number, row: Uint8Array, above: Uint8Array, pixelBytes: number): void => {
  for (let i = 0; i < row.length; i++) {
    const left = i >= pixelBytes ? row[i - pixelBytes]! : 0
    const up = above[i]!
    if (filter === 1) row[i]! += left
    else if (filter === 2) row[i]! += up
    else if (filter === 3) row[i]! += (left + up) >> 1
    else {
      const corner = i >= pixelBytes ? above[i - pixelBytes]! : 0
      const [byLeft, byUp, byCorner] = [
        Math.abs(up - corner),
        Math.abs(left - corner),
        Math.abs(left + up - 2 * corner),
      ]
      row[i]! += byLeft <= byUp && byLeft <= byCorner ? left : byUp <= byCorner ? up : corner
    }
  }
}

/** Writes sample values of a pixel, as deep as they are coded, as red, green, blue and alpha of 8 bits. */
type ToRgba = (samples: ReadonlyArray<number>, out: Uint8ClampedArray, at: number) => void

const toRgba = ({ depth, colourType }: PngHeader, { palette, transparency }: PngColours): ToRgba => {
  if (colourType === COLOUR.palette) {
    return ([index = 0], out, at) => {
      // A colour that the palette lacks is black.
      for (let c = 0; c < 3; c++) out[at + c] = palette?.[index * 3 + c] ?? 0
      out[at + 3] = transparency?.[index] ?? 255
    }
  }
  const isGrey = colourType === COLOUR.grey || colourType === COLOUR.greyAlpha
  const hasAlpha = colourType === COLOUR.greyAlpha || colourType === COLOUR.rgba
  const colours = isGrey ? 1 : 3
  const key =
    transparency !== undefined && !hasAlpha && transparency.length >= colours * 2
      ? Array.from({ length: colours }, (_, c) => (transparency[c * 2]! << 8) | transparency[c * 2 + 1]!)
      : undefined
  const to8 = (sample: number): number =>
    depth === 16 ? sample >> 8 : depth === 8 ? sample : (sample * 255) / (2 ** depth - 1)
  return (samples, out, at) => {
    for (let c = 0; c < 3; c++) out[at + c] = to8(samples[isGrey ? 0 : c]!)
    const isKey = key?.every((value, c) => value === samples[c]) === true
    out[at + 3] = hasAlpha ? to8(samples[colours]!) : isKey ? 0 : 255
  }
}

/**
 * Unpacks the samples of a picture, never more than it has; 16 bits keep their upper 8, as in Pillow.
 *
 * Browsers and Pillow pass over bytes that follow the last row, as this does.
 *
 * @throws when they are damaged or too few
 */
export const unpackPixels = (header: PngHeader, colours: PngColours, packed: ReadonlyArray<Uint8Array>): RgbaFrame => {
  const { width, height, depth, colourType } = header
  const passes = passesOf(header)
  const expected = passes.reduce((sum, pass) => sum + pass.height * (pass.rowBytes + 1), 0)
  const bytes = inflateSync(Buffer.concat(packed), { maxOutputLength: expected + SPARE })
  if (bytes.length < expected) throw new Error("its last rows are missing")
  const channels = CHANNELS[colourType]!
  const pixelBytes = Math.max(1, (channels * depth) >> 3)
  const write = toRgba(header, colours)
  const data = new Uint8ClampedArray(width * height * 4)
  const samples: Array<number> = Array.from({ length: channels }, () => 0)
  const mask = 2 ** Math.min(depth, 8) - 1
  let at = 0
  for (const pass of passes) {
    let above: Uint8Array = new Uint8Array(pass.rowBytes)
    for (let y = 0; y < pass.height; y++) {
      const filter = bytes[at]!
      const row = bytes.subarray(at + 1, at + 1 + pass.rowBytes)
      if (filter > 4) throw new Error(`row ${y} has a filter ${filter}`)
      if (filter > 0) unfilter(filter, row, above, pixelBytes)
      for (
        let x = 0, bit = 0, q = ((pass.y + y * pass.stepY) * width + pass.x) * 4;
        x < pass.width;
        x++, q += pass.stepX * 4
      ) {
        for (let c = 0; c < channels; c++, bit += depth) {
          const byte = row[bit >> 3]!
          samples[c] = depth === 16 ? (byte << 8) | row[(bit >> 3) + 1]! : (byte >> (8 - depth - (bit & 7))) & mask
        }
        write(samples, data, q)
      }
      above = row
      at += pass.rowBytes + 1
    }
  }
  return { width, height, data }
}

// Bytes after the last row that are not taken for a bomb.
const SPARE = 64 * 1024
