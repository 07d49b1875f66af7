import { openAnimation } from "../animation.ts"
import { exifOrientation, withoutExifHeader } from "../image/exif.ts"
import { orient } from "../image/orient.ts"
import type { OpenedVideo } from "../opened-video.ts"
import { requirePixels, requireVideoPixels } from "../require-memory.ts"
import { dropAlpha, layOver, putOver, type RgbaFrame } from "../image/rgba-frame.ts"
import type { RgbFrame } from "../image/rgb-frame.ts"
import { decodeWebp } from "./webp-codec.ts"
import { type Chunk, FLAGS, header, readChunks, toChunk, toWebp } from "./webp-file.ts"
import { WEBP_TICKS } from "./webp-coder.ts"
import { fromXmp } from "./xmp.ts"

interface Size {
  readonly width: number
  readonly height: number
}

const number = (bytes: Uint8Array, at: number, count: number): number => {
  let value = 0
  for (let i = count - 1; i >= 0; i--) {
    const byte = bytes[at + i]
    if (byte === undefined) throw new Error("a chunk is cut off")
    value = value * 256 + byte
  }
  return value
}

/** The size that a coded picture says it has, known before it is decoded. Source: RFC 6386 §9.1, RFC 9649 §3.4. */
const codedSize = ({ name, content }: Chunk): Size => {
  if (name === "VP8 ") return { width: number(content, 6, 2) & 0x3fff, height: number(content, 8, 2) & 0x3fff }
  const bits = number(content, 1, 4)
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 }
}

const isPicture = ({ name }: Chunk): boolean => name === "VP8 " || name === "VP8L"

/** Decodes the picture among the chunks of a frame, with the chunk of its alpha channel. */
const decodePicture = async (chunks: ReadonlyArray<Chunk>, expected?: Size): Promise<RgbaFrame> => {
  const picture = chunks.find(isPicture)
  if (picture === undefined) throw new Error("a frame has no picture")
  const { width, height } = codedSize(picture)
  requirePixels(width, height)
  if (expected !== undefined && (expected.width !== width || expected.height !== height)) {
    throw new Error(`a frame of ${expected.width}×${expected.height} holds a picture of ${width}×${height}`)
  }
  const alpha = chunks.find(({ name }) => name === "ALPH")
  const still = [
    ...(alpha === undefined ? [] : [header(FLAGS.alpha, width, height), toChunk(alpha.name, alpha.content)]),
    toChunk(picture.name, picture.content),
  ]
  return await decodeWebp(toWebp(...still))
}

interface Frame extends Size {
  readonly x: number
  readonly y: number
  readonly duration: number
  readonly blends: boolean
  readonly clears: boolean
  readonly chunks: ReadonlyArray<Chunk>
}

// RFC 9649 §2.7.1.1
const toFrame = (content: Uint8Array, canvas: Size): Frame => {
  const [x, y] = [number(content, 0, 3) * 2, number(content, 3, 3) * 2]
  const [width, height] = [number(content, 6, 3) + 1, number(content, 9, 3) + 1]
  if (x + width > canvas.width || y + height > canvas.height) {
    throw new Error(`a frame is larger than the ${canvas.width}×${canvas.height} pixels of the whole`)
  }
  const flags = number(content, 15, 1)
  const { chunks } = readChunks(content.subarray(16))
  const duration = number(content, 12, 3)
  return { x, y, width, height, duration, blends: (flags & 2) === 0, clears: (flags & 1) === 1, chunks }
}

// Browsers show a frame of up to ten thousandths for a hundred.
const shownFor = ({ duration }: Frame): number => (duration <= 10 ? 100 : duration)

/**
 * Opens an animated or a still WebP; what is transparent is black.
 *
 * @throws when the bytes are damaged or cut off
 */
export const openWebp = (bytes: Uint8Array): OpenedVideo => {
  const { chunks, whole } = readChunks(bytes.subarray(12))
  if (!whole || number(bytes, 4, 4) + 8 > bytes.length) throw new Error("it is cut off")
  const contentOf = (wanted: string): Uint8Array | undefined => chunks.find(({ name }) => name === wanted)?.content
  const xmp = contentOf("XMP ")
  const note = xmp === undefined ? undefined : fromXmp(xmp)
  const exif = contentOf("EXIF")
  const orientation = exifOrientation(exif && (withoutExifHeader(exif) ?? exif))
  const extended = contentOf("VP8X")
  const still = async (): Promise<RgbFrame> => orient(dropAlpha(await decodePicture(chunks)), orientation)
  const durations = [100]
  if (extended === undefined || (number(extended, 0, 1) & FLAGS.animation) === 0) {
    return openAnimation({ note, durations, ticksPerSecond: WEBP_TICKS, pictures: () => [still] })
  }
  const canvas = { width: number(extended, 4, 3) + 1, height: number(extended, 7, 3) + 1 }
  const frames = chunks.filter(({ name }) => name === "ANMF").map(({ content }) => toFrame(content, canvas))
  if (frames.length === 0) throw new Error("it has no picture")
  if (frames.length > 1) requireVideoPixels(canvas.width, canvas.height)
  else requirePixels(canvas.width, canvas.height)
  const pictures = async function* (): AsyncGenerator<() => RgbFrame> {
    for await (const drawn of drawing(frames, canvas)) yield () => orient(dropAlpha(drawn), orientation)
  }
  return openAnimation({ note, durations: frames.map(shownFor), ticksPerSecond: WEBP_TICKS, pictures })
}

/** The canvas after each frame, in place. */
async function* drawing(frames: ReadonlyArray<Frame>, { width, height }: Size): AsyncGenerator<RgbaFrame> {
  const canvas = { width, height, data: new Uint8ClampedArray(width * height * 4) }
  for (const frame of frames) {
    const picture = await decodePicture(frame.chunks, frame)
    if (frame.blends) layOver(canvas, picture, frame.x, frame.y)
    else putOver(canvas, picture, frame.x, frame.y)
    yield canvas
    const nothing = { ...picture, data: new Uint8ClampedArray(picture.data.length) }
    if (frame.clears) putOver(canvas, nothing, frame.x, frame.y)
  }
}
