import { MediaError } from "@auteur/core"
import { convertIndexedToRgb, decode, encode } from "fast-png"
import { checkFrame, type RgbFrame } from "./rgb-frame.ts"

/**
 * Reads PNG bytes; alpha is dropped, 16 bits a channel keep their upper 8, as in PIL's `convert("RGB")`.
 *
 * @throws when the bytes are damaged
 */
export const decodePng = (bytes: Uint8Array): RgbFrame => {
  const image = decode(bytes, { checkCrc: true })
  const { width, height, depth } = image
  const pixels = width * height
  const { data, channels } = image.palette
    ? { data: convertIndexedToRgb(image), channels: image.palette[0]?.length ?? 3 }
    : { data: depth < 8 ? unpack(image.data, width, height, depth) : image.data, channels: image.channels }
  const shift = depth === 16 ? 8 : 0
  const out = new Uint8Array(pixels * 3)
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < 3; c++) {
      // One or two channels: grey, which all three colours repeat.
      out[i * 3 + c] = data[i * channels + (channels < 3 ? 0 : c)]! >> shift
    }
  }
  return { width, height, data: out }
}

/** Grey samples of 1, 2 or 4 bits, packed row by row, as bytes from 0 to 255. */
const unpack = (data: ArrayLike<number>, width: number, height: number, depth: number): Uint8Array => {
  const row = Math.ceil((width * depth) / 8)
  const largest = 2 ** depth - 1
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const bit = (i % width) * depth
    const byte = data[Math.floor(i / width) * row + (bit >> 3)]!
    return (((byte >> (8 - depth - (bit & 7))) & largest) * 255) / largest
  })
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

/** The texts in PNG bytes, found without unpacking the picture. Source: PNG specification §11.3.3.2 (tEXt). */
export const pngTexts = (bytes: Uint8Array): ReadonlyMap<string, string> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const latin1 = (from: number, to: number): string => Buffer.from(bytes.subarray(from, to)).toString("latin1")
  const texts = new Map<string, string>()
  for (let at = 8; at + 12 <= bytes.length;) {
    const end = at + 8 + view.getUint32(at)
    if (latin1(at + 4, at + 8) === "tEXt" && end + 4 <= bytes.length) {
      const [keyword = "", ...text] = latin1(at + 8, end).split("\0")
      texts.set(keyword, text.join("\0"))
    }
    at = end + 4
  }
  return texts
}

/** Width and height from the header, so that a huge picture is refused before it is unpacked. */
export const pngSize = (bytes: Uint8Array): { readonly width: number; readonly height: number } => {
  if (bytes.length < 24) throw new MediaError({ message: "This PNG image is cut off: it ends within its header." })
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { width: view.getUint32(16), height: view.getUint32(20) }
}
