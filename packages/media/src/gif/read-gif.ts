import { GifReader, type Frame } from "omggif"
import { toRate } from "../frame-times.ts"
import { GIF_TICKS } from "./gif-coder.ts"
import { METADATA_KEY } from "../metadata.ts"
import type { OpenedVideo } from "../opened-video.ts"
import { requirePixels } from "../require-memory.ts"
import { dropAlpha, type RgbaFrame } from "../image/rgba-frame.ts"
import type { RgbFrame } from "../image/rgb-frame.ts"

// Browsers show a frame of no or one hundredth for ten.
const shownFor = ({ delay }: Frame): number => (delay < 2 ? 10 : delay)

/** omggif tells of damage by printing it: for the time of a decoding, that is an error. */
const decodingStrictly = (decode: () => void): void => {
  const printer: { log: (text: string) => void } = console
  const { log } = printer
  let damage: string | undefined
  printer.log = (text) => {
    damage = text
  }
  try {
    decode()
  } finally {
    printer.log = log
  }
  if (damage !== undefined) throw new Error(damage)
}

/** The comment that starts with our name. */
const findNote = (bytes: Uint8Array): string | undefined => {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const name = Buffer.from(`${METADATA_KEY}:`)
  for (let at = file.indexOf(name); at >= 0; at = file.indexOf(name, at + 1)) {
    if (at < 3 || file[at - 3] !== 0x21 || file[at - 2] !== 0xfe) continue
    const parts: Array<Buffer> = []
    for (let block = at - 1; file[block]! > 0; block += file[block]! + 1) {
      parts.push(file.subarray(block + 1, block + 1 + file[block]!))
    }
    return Buffer.concat(parts).subarray(name.length).toString("latin1")
  }
  return undefined
}

type Colour = readonly [red: number, green: number, blue: number, alpha: number]

/** What is behind the pictures: nothing for those that have a transparent colour, otherwise the colour that the file names. */
const backgroundOf = (bytes: Uint8Array, { transparent_index: transparent }: Frame): Colour => {
  const [fields = 0, index = 0] = bytes.subarray(10, 12)
  const at = 13 + index * 3
  if (transparent !== null || (fields & 0x80) === 0 || index >= 2 << (fields & 7)) return [0, 0, 0, 0]
  return [bytes[at] ?? 0, bytes[at + 1] ?? 0, bytes[at + 2] ?? 0, 255]
}

const fill = (
  { width, data }: RgbaFrame,
  { x, y, ...part }: Pick<Frame, "x" | "y" | "width" | "height">,
  colour: Colour,
): void => {
  for (let row = y; row < y + part.height; row++) {
    for (let p = (row * width + x) * 4; p < (row * width + x + part.width) * 4; p += 4) data.set(colour, p)
  }
}

const CLEARS = 2
const RESTORES = 3

/**
 * Opens a GIF; what is transparent is black.
 *
 * @throws when the bytes are damaged or cut off
 */
export const openGif = (bytes: Uint8Array): OpenedVideo => {
  const reader = new GifReader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  const { width, height } = reader
  requirePixels(width, height)
  if (bytes.at(-1) !== 0x3b && !bytes.subarray(-16).includes(0x3b)) throw new Error("it has no end")
  const infos = Array.from({ length: reader.numFrames() }, (_, i) => reader.frameInfo(i))
  if (infos.length === 0) throw new Error("it has no picture")
  for (const [i, frame] of infos.entries()) {
    if (frame.x + frame.width > width || frame.y + frame.height > height) {
      throw new Error(`picture ${i + 1} is larger than the ${width}×${height} pixels of the whole`)
    }
    if (frame.palette_offset === null) throw new Error(`picture ${i + 1} has no colours`)
  }
  const frames = function* (): Generator<RgbFrame> {
    const canvas = { width, height, data: new Uint8ClampedArray(width * height * 4) }
    fill(canvas, { x: 0, y: 0, width, height }, backgroundOf(bytes, infos[0]!))
    for (const [i, frame] of infos.entries()) {
      const before = frame.disposal === RESTORES ? canvas.data.slice() : undefined
      decodingStrictly(() => reader.decodeAndBlitFrameRGBA(i, canvas.data as unknown as Buffer))
      yield dropAlpha(canvas)
      if (before !== undefined) canvas.data.set(before)
      else if (frame.disposal === CLEARS) fill(canvas, frame, backgroundOf(bytes, frame))
    }
  }
  return {
    fps: infos.length === 1 ? undefined : toRate(infos.map(shownFor), GIF_TICKS),
    note: findNote(bytes),
    notices: [],
    frames,
  }
}
