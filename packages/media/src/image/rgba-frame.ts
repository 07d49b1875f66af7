import type { RgbFrame } from "./rgb-frame.ts"

/** A picture with alpha: `height × width × 4` bytes, not premultiplied. */
export interface RgbaFrame {
  readonly width: number
  readonly height: number
  readonly data: Uint8ClampedArray
}

/** The picture before black. */
export const dropAlpha = ({ width, height, data }: RgbaFrame): RgbFrame => {
  const rgb = new Uint8Array(width * height * 3)
  for (let p = 0, q = 0; p < rgb.length; p += 3, q += 4) {
    const alpha = data[q + 3]!
    for (let c = 0; c < 3; c++) rgb[p + c] = alpha === 255 ? data[q + c]! : Math.round((data[q + c]! * alpha) / 255)
  }
  return { width, height, data: rgb }
}

/** Lays a picture over another at (x, y), in place. Source: RFC 9649 §2.7.1.1, "alpha-blending". */
export const layOver = (canvas: RgbaFrame, { width, height, data }: RgbaFrame, x: number, y: number): void => {
  for (let row = 0; row < height; row++) {
    let q = ((y + row) * canvas.width + x) * 4
    for (let p = row * width * 4; p < (row + 1) * width * 4; p += 4, q += 4) {
      const alpha = data[p + 3]! / 255
      if (alpha === 0) continue
      const below = (canvas.data[q + 3]! / 255) * (1 - alpha)
      const both = alpha + below
      for (let c = 0; c < 3; c++) canvas.data[q + c] = (data[p + c]! * alpha + canvas.data[q + c]! * below) / both
      canvas.data[q + 3] = both * 255
    }
  }
}

/** Puts a picture in the place of another's pixels at (x, y). */
export const putOver = (canvas: RgbaFrame, { width, height, data }: RgbaFrame, x: number, y: number): void => {
  for (let row = 0; row < height; row++) {
    canvas.data.set(data.subarray(row * width * 4, (row + 1) * width * 4), ((y + row) * canvas.width + x) * 4)
  }
}
