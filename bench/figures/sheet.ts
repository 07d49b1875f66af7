import { enlarge, type RgbFrame } from "@auteur/media"

const gap = 4

/** Rows of frames of one size, enlarged, with white between them. */
export const sheet = (frames: ReadonlyArray<ReadonlyArray<RgbFrame>>, scale: number): RgbFrame => {
  const rows = frames.map((row) => row.map((frame) => enlarge(frame, scale)))
  const { width: w, height: h } = rows[0]![0]!
  const width = rows[0]!.length * (w + gap) - gap
  const height = rows.length * (h + gap) - gap
  const data = new Uint8Array(width * height * 3).fill(255)
  for (const [row, frames] of rows.entries()) {
    for (const [column, frame] of frames.entries()) {
      for (let y = 0; y < h; y++) {
        const at = ((row * (h + gap) + y) * width + column * (w + gap)) * 3
        data.set(frame.data.subarray(y * w * 3, (y + 1) * w * 3), at)
      }
    }
  }
  return { width, height, data }
}
