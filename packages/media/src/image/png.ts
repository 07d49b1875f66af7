import { encode } from "fast-png"
import { openAnimation } from "../animation.ts"
import { METADATA_KEY } from "../metadata.ts"
import type { OpenedVideo } from "../opened-video.ts"
import { requirePixels, requireVideoPixels } from "../require-memory.ts"
import { exifOrientation } from "./exif.ts"
import { orient } from "./orient.ts"
import { pngChunks, type PngHeader, pngHeader, pngTexts, toPictureRate } from "./png-chunks.ts"
import { type PngColours, unpackPixels } from "./png-pixels.ts"
import { checkFrame, type RgbFrame } from "./rgb-frame.ts"
import { dropAlpha, layOver, putOver } from "./rgba-frame.ts"

/** A picture of an animated PNG, not unpacked yet (PNG specification §11.3.6.2). */
interface ApngFrame {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  /** Seconds, as browsers take them. */
  readonly duration: number
  /** 1 clears its place after its time, 2 brings back what was there before. */
  readonly disposal: number
  readonly blends: boolean
  readonly packed: Array<Uint8Array>
}

interface PngFile {
  readonly header: PngHeader
  readonly colours: PngColours
  /** The picture of programs that know of no animation. */
  readonly still: ReadonlyArray<Uint8Array>
  readonly frames: ReadonlyArray<ApngFrame>
  readonly orientation: number
}

const toFrame = (content: Uint8Array, canvas: PngHeader): ApngFrame => {
  if (content.length < 26) throw new Error("its chunk fcTL is too short")
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength)
  const [width, height, x, y] = [4, 8, 12, 16].map((at) => view.getUint32(at)) as [number, number, number, number]
  if (width < 1 || height < 1 || x + width > canvas.width || y + height > canvas.height) {
    throw new Error(`a picture is larger than the ${canvas.width}×${canvas.height} pixels of the whole`)
  }
  const seconds = view.getUint16(20) / (view.getUint16(22) || 100)
  // Browsers show a picture of up to a hundredth of a second for a tenth.
  const duration = seconds <= 0.01 ? 0.1 : seconds
  return { x, y, width, height, duration, disposal: content[24]!, blends: content[25] === 1, packed: [] }
}

const readPngFile = (bytes: Uint8Array): PngFile => {
  const header = pngHeader(bytes)
  requirePixels(header.width, header.height)
  const still: Array<Uint8Array> = []
  const frames: Array<ApngFrame> = []
  let isAnimated = false
  let palette: Uint8Array | undefined
  let transparency: Uint8Array | undefined
  let orientation = 1
  for (const { type, content } of pngChunks(bytes)) {
    if (type === "PLTE") palette = content
    else if (type === "tRNS") transparency = content
    else if (type === "eXIf") orientation = exifOrientation(content)
    else if (type === "acTL") isAnimated = still.length === 0 && content.subarray(0, 4).some((byte) => byte > 0)
    else if (type === "fcTL" && isAnimated) frames.push(toFrame(content, header))
    else if (type === "fdAT") frames.at(-1)?.packed.push(content.subarray(4))
    else if (type === "IDAT") {
      still.push(content)
      // Without a control before it, the still picture is not part of the animation.
      frames[0]?.packed.push(content)
    }
  }
  return {
    header,
    colours: { palette, transparency },
    still,
    frames: frames.filter(({ packed }) => packed.length > 0),
    orientation,
  }
}

const CLEARS = 1
const RESTORES = 2

const TICKS = 1_000_000 // to a second

function* drawn({ header, colours, frames, orientation }: PngFile): Generator<() => RgbFrame> {
  const { width, height } = header
  const canvas = { width, height, data: new Uint8ClampedArray(width * height * 4) }
  for (const frame of frames) {
    const before = frame.disposal === RESTORES ? canvas.data.slice() : undefined
    const picture = unpackPixels({ ...header, width: frame.width, height: frame.height }, colours, frame.packed)
    if (frame.blends) layOver(canvas, picture, frame.x, frame.y)
    else putOver(canvas, picture, frame.x, frame.y)
    yield () => orient(dropAlpha(canvas), orientation)
    if (before !== undefined) canvas.data.set(before)
    const nothing = { ...picture, data: new Uint8ClampedArray(picture.data.length) }
    if (frame.disposal === CLEARS) putOver(canvas, nothing, frame.x, frame.y)
  }
}

/**
 * Opens a PNG, which looks as browsers show it: an animated one plays, without the still picture where that is not part of
 * it. What is transparent is black.
 *
 * @throws when the bytes are damaged or cut off
 */
export const openPng = (bytes: Uint8Array): OpenedVideo => {
  const file = readPngFile(bytes)
  const texts = pngTexts(bytes)
  const note = texts.get(METADATA_KEY)
  const { header, colours, still, frames, orientation } = file
  if (frames.length > 1) requireVideoPixels(header.width, header.height)
  if (frames.length > 0) {
    const durations = frames.map(({ duration }) => Math.round(duration * TICKS))
    return openAnimation({ note, durations, ticksPerSecond: TICKS, pictures: () => drawn(file) })
  }
  if (still.length === 0) throw new Error("it has no picture")
  return {
    fps: toPictureRate(texts),
    note,
    notices: [],
    frames: () => [orient(dropAlpha(unpackPixels(header, colours, still)), orientation)],
  }
}

/**
 * Writes a frame as PNG bytes, with texts by their keywords; equal frames give equal bytes.
 *
 * @throws MediaError when the frame's bytes do not fill its size
 */
export const toPng = (frame: RgbFrame, texts: Readonly<Record<string, string>> = {}): Uint8Array => {
  checkFrame(frame, "The picture")
  return encode({ width: frame.width, height: frame.height, data: frame.data, channels: 3, depth: 8, text: texts })
}
