import jpeg from "jpeg-js"
import { orient } from "./orient.ts"
import type { RgbFrame } from "./rgb-frame.ts"

interface Segment {
  readonly marker: number
  readonly content: Uint8Array
}

/** The segments of a JPEG file before its coded picture. */
const segments = (bytes: Uint8Array): ReadonlyArray<Segment> => {
  const found: Array<Segment> = []
  const START_OF_SCAN = 0xda
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== START_OF_SCAN;) {
    const length = (bytes[at + 2]! << 8) | bytes[at + 3]!
    found.push({ marker: bytes[at + 1]!, content: bytes.subarray(at + 4, at + 2 + length) })
    at += 2 + length
  }
  return found
}

/** How a camera says that the picture is to be turned: Exif tag 0x0112, 1 (as it is) to 8. */
const exifOrientation = (bytes: Uint8Array): number => {
  const APP1 = 0xe1
  const EXIF = [0x45, 0x78, 0x69, 0x66, 0, 0]
  const exif = segments(bytes).find(
    ({ marker, content }) => marker === APP1 && EXIF.every((byte, i) => content[i] === byte),
  )
  if (exif === undefined || exif.content.length < 14) return 1
  const tiff = exif.content.subarray(6)
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength)
  const little = tiff[0] === 0x49
  const directory = view.getUint32(4, little)
  if (directory + 2 > tiff.length) return 1
  const count = view.getUint16(directory, little)
  for (let i = 0; i < count; i++) {
    const entry = directory + 2 + i * 12
    if (entry + 12 > tiff.length) return 1
    if (view.getUint16(entry, little) === 0x0112) {
      const value = view.getUint16(entry + 8, little)
      return value >= 1 && value <= 8 ? value : 1
    }
  }
  return 1
}

/**
 * Reads JPEG bytes, upright as the camera's Exif orientation says.
 *
 * @throws when the bytes are damaged or cut off
 */
export const decodeJpeg = (bytes: Uint8Array, largestMegapixels: number): RgbFrame => {
  const { width, height, data } = jpeg.decode(bytes, {
    useTArray: true,
    formatAsRGBA: false,
    tolerantDecoding: false,
    maxResolutionInMP: largestMegapixels,
    maxMemoryUsageInMB: 2048,
  })
  return orient({ width, height, data }, exifOrientation(bytes))
}
