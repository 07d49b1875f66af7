import type { RgbFrame } from "../image/rgb-frame.ts"

// BT.601 in limited range (luma 16…235, chroma 16…240), as 16-bit fixed point.
const scale = (weight: number): number => Math.round((weight / 255) * 65536)
const YR = scale(65.481)
const YG = scale(128.553)
const YB = scale(24.966)
const UR = scale(-37.797)
const UG = scale(-74.203)
const UB = scale(112)
const VR = scale(112)
const VG = scale(-93.786)
const VB = scale(-18.214)

/**
 * Converts a frame of even size to planar YUV 4:2:0: the Y plane, then U, then V.
 *
 * BT.601 matrix, limited range; each chroma sample is the mean of its 2×2 pixels (chroma sited at their centre).
 * Source: ITU-R BT.601-7 §2.5.
 */
export const toYuv420 = ({ width, height, data }: RgbFrame): Uint8Array => {
  const luma = width * height
  const out = new Uint8Array((luma * 3) / 2)
  for (let i = 0, p = 0; i < luma; i++, p += 3) {
    out[i] = (YR * data[p]! + YG * data[p + 1]! + YB * data[p + 2]! + (16 << 16) + (1 << 15)) >> 16
  }
  const row = width * 3
  let u = luma
  let v = luma + luma / 4
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2) {
      const p = y * row + x * 3
      const r = data[p]! + data[p + 3]! + data[p + row]! + data[p + row + 3]!
      const g = data[p + 1]! + data[p + 4]! + data[p + row + 1]! + data[p + row + 4]!
      const b = data[p + 2]! + data[p + 5]! + data[p + row + 2]! + data[p + row + 5]!
      // Sums of four pixels, so two more bits to drop.
      out[u++] = (UR * r + UG * g + UB * b + (128 << 18) + (1 << 17)) >> 18
      out[v++] = (VR * r + VG * g + VB * b + (128 << 18) + (1 << 17)) >> 18
    }
  }
  return out
}

/** How a stream's colours are coded. */
export interface YuvColours {
  /** ITU-R BT.601 (standard definition) or BT.709 (high definition). */
  readonly matrix: "bt601" | "bt709"
  /** Whether luma fills 0…255, and not 16…235. */
  readonly fullRange: boolean
}

// The weights of red and blue in luma. Sources: ITU-R BT.601-7 §2.5.1, BT.709-6 §3.2.
const LUMA_WEIGHTS = { bt601: [0.299, 0.114], bt709: [0.2126, 0.0722] } as const

/** Planar YUV 4:2:0 whose rows are `stride` long, of which the upper left `width × height` pixels are shown. */
export interface YuvPicture {
  readonly data: Uint8Array
  readonly stride: number
  readonly rows: number
  readonly width: number
  readonly height: number
}

/** Converts planar YUV 4:2:0 to red, green, blue and 255, four bytes a pixel. */
export const toRgbx = ({ data, stride, rows, width, height }: YuvPicture, colours: YuvColours): Uint8Array => {
  const [red, blue] = LUMA_WEIGHTS[colours.matrix]
  const green = 1 - red - blue
  const [black, lumaScale, chromaScale] = colours.fullRange ? [0, 1, 1] : [16, 255 / 219, 255 / 224]
  const rv = 2 * (1 - red) * chromaScale
  const bu = 2 * (1 - blue) * chromaScale
  const gu = (-blue / green) * bu
  const gv = (-red / green) * rv
  const out = new Uint8ClampedArray(width * height * 4)
  const [planeU, planeV] = [stride * rows, stride * rows * 1.25]
  for (let y = 0, p = 0; y < height; y++) {
    const chroma = (y >> 1) * (stride / 2)
    for (let x = 0; x < width; x++, p += 4) {
      const luma = (data[y * stride + x]! - black) * lumaScale
      const u = data[planeU + chroma + (x >> 1)]! - 128
      const v = data[planeV + chroma + (x >> 1)]! - 128
      out[p] = luma + rv * v
      out[p + 1] = luma + gu * u + gv * v
      out[p + 2] = luma + bu * u
      out[p + 3] = 255
    }
  }
  return new Uint8Array(out.buffer)
}
