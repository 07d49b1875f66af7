import { openAnimation } from "../animation.ts"
import { dropAlpha, type RgbaFrame } from "../image/rgba-frame.ts"
import type { RgbFrame } from "../image/rgb-frame.ts"
import type { OpenedVideo } from "../opened-video.ts"
import { requirePixels, requireVideoPixels } from "../require-memory.ts"
import { GIF_TICKS } from "./gif-coder.ts"
import { type GifFrame, readGifFile } from "./gif-file.ts"
import { unpackLzw } from "./lzw.ts"

// Browsers show a frame of no or one hundredth for ten.
const shownFor = ({ delay }: GifFrame): number => (delay < 2 ? 10 : delay)

// First row and step of each pass over an interlaced picture. Source: GIF89a specification, appendix E.
const PASSES = [
  [0, 8],
  [4, 8],
  [2, 4],
  [1, 2],
] as const

/** The rows of a picture in the order in which they are coded. */
const rowOrder = function* ({ height, interlaced }: GifFrame): Generator<number> {
  for (const [first, step] of interlaced ? PASSES : [[0, 1] as const]) {
    for (let row = first; row < height; row += step) yield row
  }
}

/** Draws a picture; what is beyond the canvas, transparent, of no colour or not coded leaves what is there. */
const draw = ({ width, height, data }: RgbaFrame, frame: GifFrame): void => {
  const { x, y, palette, transparent = -1 } = frame
  requirePixels(frame.width, frame.height)
  const { indices, count } = unpackLzw(frame.blocks, frame.codeSize, frame.width * frame.height)
  const columns = Math.min(frame.width, width - x)
  let from = 0
  for (const row of rowOrder(frame)) {
    const end = Math.min(from + columns, count)
    if (y + row < height) {
      for (let i = from, q = ((y + row) * width + x) * 4; i < end; i++, q += 4) {
        const index = indices[i]!
        if (index === transparent || index * 3 >= palette.length) continue
        data[q] = palette[index * 3]!
        data[q + 1] = palette[index * 3 + 1]!
        data[q + 2] = palette[index * 3 + 2]!
        data[q + 3] = 255
      }
    }
    from += frame.width
  }
}

/** Makes the place of a picture transparent. */
const clear = ({ width, height, data }: RgbaFrame, frame: GifFrame): void => {
  const right = Math.min(frame.x + frame.width, width)
  for (let row = frame.y; row < Math.min(frame.y + frame.height, height); row++) {
    if (right > frame.x) data.fill(0, (row * width + frame.x) * 4, (row * width + right) * 4)
  }
}

const CLEARS = 2
// Some programs write 4 for 3.
const RESTORES: ReadonlySet<number> = new Set([3, 4])

/**
 * Opens a GIF, which looks as browsers play it; what is transparent is black.
 *
 * @throws when the bytes are damaged or cut off
 */
export const openGif = (bytes: Uint8Array): OpenedVideo => {
  const { width, height, frames, note } = readGifFile(bytes)
  if (frames.length > 1) requireVideoPixels(width, height)
  else requirePixels(width, height)
  return openAnimation({
    note,
    durations: frames.map(shownFor),
    ticksPerSecond: GIF_TICKS,
    pictures: function* (): Generator<() => RgbFrame> {
      const canvas = { width, height, data: new Uint8ClampedArray(width * height * 4) }
      for (const frame of frames) {
        const before = RESTORES.has(frame.disposal) ? canvas.data.slice() : undefined
        draw(canvas, frame)
        yield () => dropAlpha(canvas)
        if (before !== undefined) canvas.data.set(before)
        else if (frame.disposal === CLEARS) clear(canvas, frame)
      }
    },
  })
}
