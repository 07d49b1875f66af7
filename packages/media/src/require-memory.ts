import { MediaError } from "@auteur/core"

const GIGABYTE = 2 ** 30

/** Bytes of frames that are held at once; more is refused. */
const LARGEST_VIDEO = 2 * GIGABYTE

/**
 * Refuses frames that would fill the memory.
 *
 * @throws MediaError
 */
export const requireMemory = (bytes: number, what: string, fix = "make them fewer or smaller"): void => {
  if (bytes <= LARGEST_VIDEO) return
  throw new MediaError({
    message: `${what} needs more than ${LARGEST_VIDEO / GIGABYTE} GB of memory: ${fix}.`,
  })
}

/** The largest picture that is read. */
export const LARGEST_MEGAPIXELS = 100

/**
 * Refuses a picture that would fill the memory, before it is unpacked.
 *
 * @throws MediaError
 */
export const requirePixels = (width: number, height: number): void => {
  if (width < 1 || height < 1) {
    throw new MediaError({ message: `This image is ${width}×${height}: it has no pixels; save it again.` })
  }
  if (width * height <= LARGEST_MEGAPIXELS * 1e6) return
  throw new MediaError({
    message: `This image is ${width}×${height}; the largest that is read has ${LARGEST_MEGAPIXELS} megapixels: make it smaller first.`,
  })
}

/** The largest picture of a video: 8K. */
const LARGEST_VIDEO_MEGAPIXELS = 36

/**
 * Refuses a video whose pictures would take minutes, before one is unpacked.
 *
 * @throws MediaError
 */
export const requireVideoPixels = (width: number, height: number): void => {
  requirePixels(width, height)
  if (width * height <= LARGEST_VIDEO_MEGAPIXELS * 1e6) return
  throw new MediaError({
    message: `Its pictures are ${width}×${height}; the largest of a video that are read have ${LARGEST_VIDEO_MEGAPIXELS} megapixels (8K): make it smaller first.`,
  })
}
