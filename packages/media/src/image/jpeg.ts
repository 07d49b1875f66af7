import { readFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { MediaError } from "@auteur/core"
import decode, { init } from "@jsquash/jpeg/decode.js"
import jpegJs from "jpeg-js"
import type { OpenedVideo } from "../opened-video.ts"
import { LARGEST_MEGAPIXELS, requirePixels } from "../require-memory.ts"
import { exifOrientation, withoutExifHeader } from "./exif.ts"
import { orient } from "./orient.ts"
import type { RgbFrame } from "./rgb-frame.ts"
import { dropAlpha } from "./rgba-frame.ts"

interface Segment {
  readonly marker: number
  readonly content: Uint8Array
}

const APP1 = 0xe1
const START_OF_SCAN = 0xda

/** The segments of a JPEG file before its coded picture. */
const segments = function* (bytes: Uint8Array): Generator<Segment> {
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff;) {
    const marker = bytes[at + 1]!
    if (marker === START_OF_SCAN) return
    if (marker === 0xff) {
      at++ // any number of these may stand before a marker
      continue
    }
    const length = (bytes[at + 2]! << 8) | bytes[at + 3]!
    yield { marker, content: bytes.subarray(at + 4, at + 2 + length) }
    at += 2 + length
  }
}

interface JpegHeader {
  readonly width: number
  readonly height: number
  readonly components: number
  readonly orientation: number
}

// Start of frame: 0xC0…0xCF but for the tables DHT, JPG and DAC (ITU-T T.81 table B.1).
const isFrame = ({ marker }: Segment): boolean =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)

const READ: ReadonlySet<number> = new Set([0xc0, 0xc1, 0xc2]) // sequential and progressive, with Huffman codes

const readHeader = (bytes: Uint8Array): JpegHeader => {
  const found = [...segments(bytes)]
  const frame = found.find(isFrame)
  if (frame === undefined || frame.content.length < 6) throw new Error("it ends within its header")
  if (!READ.has(frame.marker) || frame.content[0] !== 8) {
    throw new MediaError({
      message: "This JPEG image is coded in a rare way (lossless, arithmetic or of 12 bits): save it as PNG.",
    })
  }
  const [, high = 0, low = 0, left = 0, right = 0, components = 0] = frame.content
  const exif = found
    .filter(({ marker }) => marker === APP1)
    .map(({ content }) => withoutExifHeader(content))
    .find((content) => content !== undefined)
  return { height: (high << 8) | low, width: (left << 8) | right, components, orientation: exifOrientation(exif) }
}

const MOST_WORK = 3e9 // pixels in all passes over them

/** Refuses a picture that is coded in so many passes that it would take minutes. */
const requireFewScans = (bytes: Uint8Array, pixels: number): void => {
  let scans = 0
  for (let at = bytes.indexOf(0xff); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    if (bytes[at + 1] === START_OF_SCAN) scans++
  }
  if (scans > 16 && scans * pixels > MOST_WORK) throw new Error(`it is coded in ${scans} passes`)
}

const END = Uint8Array.of(0xff, 0xd9)

/** The file with an end marker, which some programs and broken connections leave out. */
const withEnd = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => {
  const whole = new Uint8Array(bytes.length + END.length)
  whole.set(bytes)
  whole.set(END, bytes.length)
  return whole
}

const require = createRequire(import.meta.url)
let compiled: Promise<WebAssembly.Module> | undefined

// Its types leave out the first of two parameters.
const openDecoder = init as (
  module: WebAssembly.Module,
  options: { readonly print: (line: string) => void; readonly printErr: (line: string) => void },
) => Promise<void>

// What libjpeg says of pictures that it makes up in part.
const DAMAGE = /premature end of data|bad Huffman code/i

/** Decodes with mozjpeg, in memory of its own that is freed with it. */
const decodeColours = async (bytes: Uint8Array): Promise<RgbFrame> => {
  const module = await (compiled ??= readFile(require.resolve("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm")).then(
    (file) => WebAssembly.compile(file),
  ))
  let said = ""
  const listen = (line: string): void => {
    said ||= line
  }
  void openDecoder(module, { print: listen, printErr: listen })
  const picture = await decode(withEnd(bytes).buffer).catch((cause: unknown) => {
    throw new Error(said || (cause instanceof Error ? cause.message : String(cause)))
  })
  if (DAMAGE.test(said)) throw new Error(said)
  return dropAlpha(picture)
}

/** Decodes the four inks of print, which mozjpeg does not turn into red, green and blue. */
const decodeInks = (bytes: Uint8Array): RgbFrame => {
  try {
    const { width, height, data } = jpegJs.decode(withEnd(bytes), {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      maxResolutionInMP: LARGEST_MEGAPIXELS,
      maxMemoryUsageInMB: 2048,
    })
    return { width, height, data }
  } catch (cause) {
    // It fails on what it does not find as well as on what it checks.
    throw new Error("its inks cannot be decoded", { cause })
  }
}

/**
 * Opens a JPEG, upright as the camera's Exif orientation says.
 *
 * @throws when its header is damaged or cut off; its frames, when the picture is
 */
export const openJpeg = (bytes: Uint8Array): OpenedVideo => {
  const { width, height, components, orientation } = readHeader(bytes)
  requirePixels(width, height)
  requireFewScans(bytes, width * height)
  return {
    fps: undefined,
    note: undefined,
    notices: [],
    frames: async function* () {
      yield orient(components === 4 ? decodeInks(bytes) : await decodeColours(bytes), orientation)
    },
  }
}
