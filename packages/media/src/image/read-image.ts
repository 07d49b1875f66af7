import { MediaError, type MediaSource } from "@auteur/core"
import { explainReadFailure, openSource } from "../media-source.ts"
import type { OpenedVideo } from "../opened-video.ts"
import { LARGEST_MEGAPIXELS, requirePixels } from "../require-memory.ts"
import { readStillWebp } from "../webp/read-webp.ts"
import { imageKind } from "./image-kind.ts"
import { decodeJpeg } from "./jpeg.ts"
import { METADATA_KEY } from "../metadata.ts"
import { RATE_KEY } from "./png-coder.ts"
import { decodePng, pngSize, pngTexts } from "./png.ts"
import type { RgbFrame } from "./rgb-frame.ts"

/**
 * Decodes a PNG, JPEG or WebP image; the first frame of an animation.
 *
 * @throws MediaError as {@link readImage} does
 */
export const decodeImage = async (bytes: Uint8Array): Promise<RgbFrame> => {
  const kind = imageKind(bytes)
  if (kind !== "PNG" && kind !== "JPEG" && kind !== "WebP") {
    const found = bytes.length === 0 ? "an empty file" : (kind ?? "no image that is known")
    throw new MediaError({ message: `This is ${found}; PNG, JPEG and WebP images are read: save it as one of them.` })
  }
  try {
    if (kind === "JPEG") return decodeJpeg(bytes, LARGEST_MEGAPIXELS)
    if (kind === "WebP") return await readStillWebp(bytes)
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

/**
 * Reads a PNG, JPEG or WebP image as RGB, from a path, a URL or bytes: upright by its Exif orientation, before black where it
 * is transparent, the first frame of an animation.
 *
 * @throws MediaError that names what the file is, when it is another kind, damaged or larger than 100 megapixels
 */
export const readImage = async (source: MediaSource): Promise<RgbFrame> => {
  if (source instanceof Uint8Array) return decodeImage(source)
  const opened = await openSource(source, "The image").catch((cause: unknown) => {
    throw new MediaError({ message: explainReadFailure(cause) })
  })
  try {
    return await decodeImage(await opened.readAll())
  } finally {
    await opened.close()
  }
}

/** A picture as a video of one frame, with the texts of a PNG of ours. */
export const openPicture = (
  bytes: Uint8Array,
  frames: OpenedVideo["frames"] = async function* () {
    yield await decodeImage(bytes)
  },
): OpenedVideo => {
  const texts = imageKind(bytes) === "PNG" ? pngTexts(bytes) : new Map<string, string>()
  const fps = Number(texts.get(RATE_KEY))
  return { fps: fps >= 1 && fps <= 240 ? fps : undefined, note: texts.get(METADATA_KEY), notices: [], frames }
}
