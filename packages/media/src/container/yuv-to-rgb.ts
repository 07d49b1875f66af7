import type { RgbFrame } from "../image/rgb-frame.ts"
import type { ToSdr } from "./to-sdr.ts"

/** How luma and chroma are made of red, green and blue. */
export interface YuvCoding {
  readonly matrix: "bt601" | "bt709" | "bt2020"
  /** Whether luma fills all values, and not 16…235 of 255. */
  readonly fullRange: boolean
}

/** The rows of one kind of sample; `stride` counts samples. */
export interface Plane {
  readonly data: Uint8Array | Uint16Array
  readonly stride: number
}

/** A picture of luma and of chroma that may have fewer columns and rows. */
export interface YuvPicture {
  readonly width: number
  readonly height: number
  /** Bits of a sample. */
  readonly depth: number
  readonly luma: Plane
  readonly u: Plane
  readonly v: Plane
  readonly alpha?: Plane | undefined
  /** By how many bits a column and a row are shifted to that of their chroma. */
  readonly shiftX: 0 | 1
  readonly shiftY: 0 | 1
}

// The weights of red and blue in luma. Sources: ITU-R BT.601-7 §2.5.1, BT.709-6 §3.2, BT.2020-2 table 4.
const LUMA_WEIGHTS = { bt601: [0.299, 0.114], bt709: [0.2126, 0.0722], bt2020: [0.2627, 0.0593] } as const

/** A value for each value that a sample may have. */
const table = (depth: number, toValue: (sample: number) => number): Float64Array =>
  Float64Array.from({ length: 2 ** depth }, (_, sample) => toValue(sample))

interface Tables {
  readonly luma: Float64Array
  readonly rv: Float64Array
  readonly gu: Float64Array
  readonly gv: Float64Array
  readonly bu: Float64Array
}

const tablesFor = ({ matrix, fullRange }: YuvCoding, depth: number): Tables => {
  const [red, blue] = LUMA_WEIGHTS[matrix]
  const green = 1 - red - blue
  const unit = 2 ** (depth - 8)
  const [black, lumaScale, chromaScale] = fullRange
    ? [0, 255 / (2 ** depth - 1), 255 / (2 ** depth - 1)]
    : [16 * unit, 255 / (219 * unit), 255 / (224 * unit)]
  const chroma = (weight: number) => table(depth, (sample) => (sample - 128 * unit) * chromaScale * weight)
  const [toRed, toBlue] = [2 * (1 - red), 2 * (1 - blue)]
  return {
    luma: table(depth, (sample) => (sample - black) * lumaScale),
    rv: chroma(toRed),
    gu: chroma((-blue / green) * toBlue),
    gv: chroma((-red / green) * toRed),
    bu: chroma(toBlue),
  }
}

/**
 * Makes a converter to red, green and blue of 8 bits; what is transparent is before black.
 *
 * @param toSdr turns colours of more range or of other primaries into those of sRGB
 */
export const yuvToRgb = (
  coding: YuvCoding,
  depth: number,
  toSdr: ToSdr | undefined,
): ((picture: YuvPicture) => RgbFrame) => {
  const { luma, rv, gu, gv, bu } = tablesFor(coding, depth)
  const opaque = 2 ** depth - 1
  return (picture) => {
    const { width, height, shiftX, shiftY, u, v, alpha } = picture
    const out = new Uint8ClampedArray(width * height * 3)
    for (let y = 0, p = 0; y < height; y++) {
      const rowY = y * picture.luma.stride
      const [rowU, rowV] = [(y >> shiftY) * u.stride, (y >> shiftY) * v.stride]
      for (let x = 0; x < width; x++, p += 3) {
        const light = luma[picture.luma.data[rowY + x]!]!
        const [sampleU, sampleV] = [u.data[rowU + (x >> shiftX)]!, v.data[rowV + (x >> shiftX)]!]
        const [red, green, blue] = [light + rv[sampleV]!, light + gu[sampleU]! + gv[sampleV]!, light + bu[sampleU]!]
        if (toSdr === undefined) {
          out[p] = red
          out[p + 1] = green
          out[p + 2] = blue
        } else toSdr(red, green, blue, out, p)
      }
    }
    if (alpha !== undefined) {
      for (let y = 0, p = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const part = alpha.data[y * alpha.stride + x]! / opaque
          for (let c = 0; c < 3; c++, p++) out[p]! *= part
        }
      }
    }
    return { width, height, data: new Uint8Array(out.buffer) }
  }
}
