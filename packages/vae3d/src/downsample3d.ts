import { concat, convolution, int, type Value, type WeightScope } from "@auteur/engine"
import { joinSegments, type Segments } from "./segments.ts"

/** Halves height and width by a convolution within pictures; `compressTime` first averages pairs of frames. (1, C, T, H, W) → (1, C, T′, H/2, W/2) */
export const downsample3d = (segments: Segments, weights: WeightScope, compressTime: boolean): Segments => {
  const x = joinSegments(segments)
  const channels = x.length(1)
  const w = weights.tensor("conv.weight", [channels, channels, 3, 3]).reshape([channels, channels, 1, 3, 3])
  const b = weights.tensor("conv.bias", [channels])
  return [convolution(compressTime ? averagePairs(x) : x, w, b, { strides: [1, 2, 2], pads: [0, 0, 0, 0, 1, 1] })]
}

/** With an odd number of frames the first stays as it is. */
const averagePairs = (x: Value): Value => {
  const [, channels, frames, height, width] = x.shape as [number, number, number, number, number]
  if (frames === 1) return x
  const odd = frames % 2
  const pairs = (frames - odd) / 2
  const means = x.graph.apply(
    "ReduceMean",
    [x.slice(2, odd, frames).reshape([channels * pairs, 2, height * width]), x.graph.integers([1])],
    [channels * pairs, height * width],
    { attributes: { keepdims: int(0) } },
  )
  const averaged = means.reshape([1, channels, pairs, height, width])
  return odd === 0 ? averaged : concat([x.slice(2, 0, 1), averaged], 2)
}
