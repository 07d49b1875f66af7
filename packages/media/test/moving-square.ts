import type { RgbFrame } from "../src/image/rgb-frame.ts"

/** A smooth background with a red square that moves to the right, as the clips of a generator look. */
export const movingSquare = (count: number, width: number, height: number): ReadonlyArray<RgbFrame> =>
  Array.from({ length: count }, (_, f) => {
    const data = new Uint8Array(width * height * 3)
    // Even edges, so that halving the resolution of the colours costs nothing there.
    const left = Math.floor(width / 8) * 2 + f * 2
    const top = Math.floor(height / 6) * 2
    const side = Math.floor(height / 6) * 2
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const inside = x >= left && x < left + side && y >= top && y < top + side
        const colour = inside ? [210, 40, 35] : [(x / width) * 200 + 30, (y / height) * 180 + 40, 150]
        data.set(colour, (y * width + x) * 3)
      }
    }
    return { width, height, data }
  })

/** Peak signal-to-noise ratio in decibels. */
export const psnr = (a: Uint8Array, b: Uint8Array): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2
  return 10 * Math.log10((255 * 255 * a.length) / sum)
}
