import type { RgbFrame } from "./rgb-frame.ts"

/** Turns and mirrors a frame as an Exif orientation, 1 (as it is) to 8, asks. */
export const orient = (frame: RgbFrame, orientation: number): RgbFrame => {
  if (orientation === 1) return frame
  const turned = orientation >= 5 // rows and columns change places
  const mirrorX = [2, 3, 7, 8].includes(orientation)
  const mirrorY = [3, 4, 6, 7].includes(orientation)
  const width = turned ? frame.height : frame.width
  const height = turned ? frame.width : frame.height
  const data = new Uint8Array(frame.data.length)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [u, v] = turned ? [y, x] : [x, y]
      const sourceX = mirrorX ? frame.width - 1 - u : u
      const sourceY = mirrorY ? frame.height - 1 - v : v
      const p = (sourceY * frame.width + sourceX) * 3
      data.set(frame.data.subarray(p, p + 3), (y * width + x) * 3)
    }
  }
  return { width, height, data }
}
