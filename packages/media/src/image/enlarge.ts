import { MediaError } from "@auteur/core"
import { type ResampleFilter, resample } from "./resample.ts"
import { checkFrame, type RgbFrame } from "./rgb-frame.ts"

/** How to fill the pixels between: `nearest` repeats each pixel, the others are smooth. */
export type EnlargeFilter = ResampleFilter | "nearest"

const repeatPixels = ({ width, height, data }: RgbFrame, factor: number): RgbFrame => {
  const out = new Uint8Array(width * height * 3 * factor * factor)
  const row = width * factor * 3
  for (let y = 0; y < height; y++) {
    const start = y * factor * row
    for (let x = 0; x < width * factor; x++) {
      const p = (y * width + Math.floor(x / factor)) * 3
      out.set(data.subarray(p, p + 3), start + x * 3)
    }
    for (let copy = 1; copy < factor; copy++) out.copyWithin(start + copy * row, start, start + row)
  }
  return { width: width * factor, height: height * factor, data: out }
}

/**
 * Enlarges a frame by a whole factor of 1 to 16; factor 1 gives the same frame.
 *
 * @throws MediaError for another factor
 */
export const enlarge = (frame: RgbFrame, factor: number, filter: EnlargeFilter = "lanczos"): RgbFrame => {
  checkFrame(frame, "The frame")
  if (!Number.isInteger(factor) || factor < 1 || factor > 16) {
    throw new MediaError({ message: `A frame cannot be enlarged ${factor} times: give an integer from 1 to 16.` })
  }
  if (factor === 1) return frame
  if (filter === "nearest") return repeatPixels(frame, factor)
  return resample(frame, frame.width * factor, frame.height * factor, filter)
}
