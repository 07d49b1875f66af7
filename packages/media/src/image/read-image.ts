import { MediaError, type MediaSource } from "@auteur/core"
import { explainReadFailure, openSource } from "../media-source.ts"
import type { OpenedVideo } from "../opened-video.ts"
import { openWebp } from "../webp/read-webp.ts"
import { imageKind } from "./image-kind.ts"
import { openJpeg } from "./jpeg.ts"
import { openPng } from "./png.ts"
import type { RgbFrame } from "./rgb-frame.ts"

const openers: Readonly<Record<string, (bytes: Uint8Array) => OpenedVideo>> = {
  PNG: openPng,
  JPEG: openJpeg,
  WebP: openWebp,
}

/**
 * Decodes a PNG, JPEG or WebP image; the first frame of an animation.
 *
 * @throws MediaError as {@link readImage} does
 */
export const decodeImage = async (bytes: Uint8Array): Promise<RgbFrame> => {
  const kind = imageKind(bytes)
  const open = openers[kind ?? ""]
  if (open === undefined) {
    const found = bytes.length === 0 ? "an empty file" : (kind ?? "not an image of a known kind")
    throw new MediaError({ message: `This is ${found}; PNG, JPEG and WebP images are read: save it as one of them.` })
  }
  try {
    for await (const frame of open(bytes).frames()) return frame
    throw new Error("it has no picture")
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
