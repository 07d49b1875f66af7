import { MediaError } from "@auteur/core"
import { type ResampleFilter, resample } from "./resample.ts"
import { checkFrame, type RgbFrame } from "./rgb-frame.ts"

/**
 * Resizes a picture to exactly `width × height`; the shape is not kept, as in diffusers' `VideoProcessor`.
 *
 * Equal to Pillow 13's `Image.resize` with `LANCZOS` (or `BICUBIC` for `catmull-rom`). The same size gives the same frame.
 *
 * @throws MediaError for a size that is not a positive integer
 */
export const resizeImage = (
  frame: RgbFrame,
  width: number,
  height: number,
  filter: ResampleFilter = "lanczos",
): RgbFrame => {
  checkFrame(frame, "The picture")
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new MediaError({
      message: `A picture cannot be resized to ${width}×${height}: give a width and a height that are integers of at least 1.`,
    })
  }
  return width === frame.width && height === frame.height ? frame : resample(frame, width, height, filter)
}
