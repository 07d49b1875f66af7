import { concat, convolution, type Value, type WeightScope } from "@auteur/engine"
import { mapSegments, type Segments, wholeShape } from "./segments.ts"
import { nearestFrames, repeatFrames } from "./spatial-norm.ts"

/**
 * Doubles height and width by nearest neighbours, then convolves within pictures; `compressTime` also doubles the frames,
 * except the first of an odd number. (1, C, T, H, W) → (1, C, T′, 2H, 2W)
 *
 * Equal frames have equal convolutions, so frames are doubled last. Of the 3×3 numbers under the kernel only 2×2 are different,
 * so each of the four pixels that one becomes has a 2×2 kernel of its own, of sums of the 3×3 one: 4 products instead of 9.
 */
export const upsample3d = (x: Segments, weights: WeightScope, compressTime: boolean): Segments => {
  const [, channels, frames] = wholeShape(x)
  const w = weights.tensor("conv.weight", [channels, channels, 3, 3])
  const kernels = twoOfThree(w, 2).flatMap((rows) => twoOfThree(rows, 3))
  const b = weights.tensor("conv.bias", [channels])
  const kernel = concat(kernels, 0).reshape([4 * channels, channels, 1, 2, 2])
  const bias = concat([b, b, b, b], 0)
  const y = mapSegments(x, (segment) =>
    interleave(convolution(segment, kernel, bias, { pads: [0, 1, 1, 0, 1, 1] }), channels),
  )
  if (!compressTime) return y
  const nearest = nearestFrames(frames, upsampledFrames(frames))
  return y.length === 1 ? [repeatFrames(y[0]!, nearest)] : nearest.map((i) => y[i]!)
}

/** The four pixels of each position, side by side as channels, put where they belong. (1, 4·C, T, H + 1, W + 1) → (1, C, T, 2H, 2W) */
const interleave = (pixels: Value, channels: number): Value => {
  const [, , frames, h, w] = pixels.shape as [number, number, number, number, number]
  const [height, width] = [h - 1, w - 1]
  const pixel = (row: number, column: number) =>
    pixels
      .slice(1, (2 * row + column) * channels, (2 * row + column + 1) * channels)
      .slice(3, row, row + height)
      .slice(4, column, column + width)
      .reshape([channels * frames, height, 1, width, 1])
  const rows = [0, 1].map((row) => concat([pixel(row, 0), pixel(row, 1)], 4))
  return concat(rows, 2).reshape([1, channels, frames, 2 * height, 2 * width])
}

/** Frames after a temporal upsampling. */
export const upsampledFrames = (frames: number): number => (frames % 2 === 1 ? 2 * frames - 1 : 2 * frames)

/** A kernel of three along an axis over doubled numbers, as kernels of two over the numbers: for the first and for the second of a pair. */
const twoOfThree = (w: Value, axis: number): ReadonlyArray<Value> => {
  const [before, at, after] = w.split(axis, [1, 1, 1]) as [Value, Value, Value]
  return [concat([before, at.add(after)], axis), concat([before.add(at), after], axis)]
}
