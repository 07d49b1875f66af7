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
