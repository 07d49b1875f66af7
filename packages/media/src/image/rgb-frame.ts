import { MediaError } from "@auteur/core"

/** One picture: `data` holds `height × width × 3` bytes, red, green, blue, row by row from the top. */
export interface RgbFrame {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

/**
 * Refuses a frame whose byte count does not match its size.
 *
 * @param name how the message calls the picture, such as `Frame 3`
 * @throws MediaError when the sizes are not positive integers or the bytes do not fill them
 */
export const checkFrame = (frame: RgbFrame, name: string): void => {
  const { width, height, data } = frame
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new MediaError({
      message: `${name} says it is ${width}×${height}; width and height must be integers of at least 1.`,
    })
  }
  const expected = width * height * 3
  if (data.length !== expected) {
    throw new MediaError({
      message: `${name} has ${data.length} bytes, but ${width}×${height} RGB pixels are ${expected} bytes: give 3 bytes a pixel, without alpha.`,
    })
  }
}
