import { MediaError } from "@auteur/core"
import { imageKind } from "./image-kind.ts"
import { decodeJpeg } from "./jpeg.ts"
import { decodePng, pngSize } from "./png.ts"
import { LARGEST_MEGAPIXELS, requirePixels } from "../require-memory.ts"
import type { RgbFrame } from "./rgb-frame.ts"

/**
 * Reads a PNG or JPEG image as RGB: upright by its Exif orientation, without its alpha channel.
 *
 * @throws MediaError that names what the file is, when it is another kind, damaged or larger than 100 megapixels
 */
export const readImage = (bytes: Uint8Array): RgbFrame => {
  const kind = imageKind(bytes)
  if (kind !== "PNG" && kind !== "JPEG") {
    const found = bytes.length === 0 ? "an empty file" : kind === undefined ? "no image that is known" : `${kind}`
    throw new MediaError({ message: `This is ${found}; PNG and JPEG images are read: save it as one of them.` })
  }
  try {
    if (kind === "JPEG") return decodeJpeg(bytes, LARGEST_MEGAPIXELS)
    const { width, height } = pngSize(bytes)
    requirePixels(width, height)
    return decodePng(bytes)
  } catch (cause) {
    if (cause instanceof MediaError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new MediaError({
      message: `This ${kind} image is damaged or cut off (${reason}): save or download it again.`,
    })
  }
}
