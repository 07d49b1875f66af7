import { type Palette, quantize } from "./gifenc.ts"
import type { RgbFrame } from "../image/rgb-frame.ts"

const MOST_SAMPLES = 100_000

/** The 256 colours that stand for those of all frames best, found on evenly spaced pixels. */
export const toPalette = (frames: ReadonlyArray<RgbFrame>): Palette => {
  const pixels = frames.reduce((sum, { width, height }) => sum + width * height, 0)
  // An odd step meets every column of a picture, whatever its width.
  const step = 2 * Math.floor(Math.ceil(pixels / MOST_SAMPLES) / 2) + 1
  const rgba = new Uint8Array(4 * frames.reduce((sum, { data }) => sum + Math.ceil(data.length / 3 / step), 0))
  let at = 0
  for (const { data } of frames) {
    for (let p = 0; p < data.length; p += 3 * step, at += 4) {
      rgba[at] = data[p]!
      rgba[at + 1] = data[p + 1]!
      rgba[at + 2] = data[p + 2]!
      rgba[at + 3] = 255
    }
  }
  return quantize(rgba, 256, { format: "rgb565" })
}

// Bayer's 8×8 pattern of thresholds, 0…63: bits of y and x ^ y, interleaved.
const THRESHOLDS: ReadonlyArray<number> = Array.from({ length: 64 }, (_, i) => {
  const [x, y] = [i % 8, i >> 3]
  const bits = [x ^ y, y].flatMap((value, odd) => [0, 1, 2].map((bit) => ((value >> bit) & 1) << (5 - 2 * bit - odd)))
  return bits.reduce((sum, bit) => sum | bit, 0)
})

// Levels from the darkest to the brightest threshold: with more the pattern shows, with less the bands between colours do.
const STRENGTH = 8

const square = (x: number): number => x * x

/**
 * Maps frames to a palette's indices, dithered in a pattern that stands still, so that what does not move does not flicker.
 *
 * Source: B. Bayer, "An optimum method for two-level rendition of continuous-tone pictures" (1973).
 */
export const indexer = (palette: Palette): ((frame: RgbFrame) => Uint8Array) => {
  // The nearest colour of each cell of 4×4×4 levels, as it is asked for; 0 stands for not yet known.
  const nearest = new Uint16Array(64 ** 3)
  const find = (cell: number): number => {
    const [red, green, blue] = [(cell >> 12) * 4 + 2, ((cell >> 6) & 63) * 4 + 2, (cell & 63) * 4 + 2]
    let best = 0
    let least = Infinity
    for (let i = 0; i < palette.length; i++) {
      const [r, g, b] = palette[i]!
      const distance = square(r - red) + square(g - green) + square(b - blue)
      if (distance < least) [best, least] = [i, distance]
    }
    nearest[cell] = best + 1
    return best
  }
  const shift = THRESHOLDS.map((threshold) => ((threshold + 0.5) / 64 - 0.5) * STRENGTH)
  const toLevel = (value: number): number => (value < 0 ? 0 : value > 255 ? 63 : value >> 2)
  return ({ width, height, data }) => {
    const indices = new Uint8Array(width * height)
    for (let y = 0, i = 0, p = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++, p += 3) {
        const d = shift[(y & 7) * 8 + (x & 7)]!
        const cell = (toLevel(data[p]! + d) << 12) | (toLevel(data[p + 1]! + d) << 6) | toLevel(data[p + 2]! + d)
        const known = nearest[cell]!
        indices[i] = known > 0 ? known - 1 : find(cell)
      }
    }
    return indices
  }
}
