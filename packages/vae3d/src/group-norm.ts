import { int, type Shape, type Value, type WeightScope } from "@auteur/engine"
import { mapSegments, type Segments, wholeShape } from "./segments.ts"

/** Mean over the last axis, which stays with length 1; by rows first, which keeps sums of millions of numbers exact enough. */
const rowMean = (operator: "ReduceMean" | "ReduceSumSquare", x: Value, rows: number): Value =>
  x.graph.apply(operator, [x.reshape([rows, x.size / rows]), x.graph.integers([1])], [rows, 1], {
    attributes: { keepdims: int(1) },
  })

/** A normalization without its scale and shift. */
export interface Normalized {
  /** (x − mean)/deviation · scale + shift for a segment of x, with scale and shift of a shape that broadcasts to `cells`, as the segment is seen. */
  readonly affine: (segment: Value, cells: Shape, scale: Value, shift: Value) => Value
}

/**
 * The statistics of group norm, which span a group's channels, the chunk's frames and their pictures.
 *
 * x: (1, C, T, H, W)
 */
export const normalize = (x: Segments, groups: number, epsilon: number): Normalized => {
  const [, channels, frames, height, width] = wholeShape(x)
  /** The mean over all segments of a measure that each segment has for its groups. */
  const overAll = (measure: (segment: Value) => Value): Value =>
    mapSegments(x, (segment) => {
      const mean = measure(segment) // (G, 1)
      return x.length === 1 ? mean : mean.multiply(segment.length(2) / frames)
    }).reduce((sum, mean) => sum.add(mean))
  const pictures = (segment: Value): number => channels * segment.length(2)

  const mean = overAll((segment) => rowMean("ReduceMean", rowMean("ReduceMean", segment, pictures(segment)), groups))
  const lessMean = (segment: Value): Value => segment.reshape([groups, segment.size / groups]).subtract(mean)
  const centered = mapSegments(x, lessMean)
  const variance = overAll((segment) => {
    const squares = rowMean("ReduceSumSquare", centered[x.indexOf(segment)]!, pictures(segment))
    return rowMean("ReduceMean", squares, groups).divide(height * width)
  })
  const inverse = x[0]!.graph.scalar(1).divide(variance.add(epsilon).map("Sqrt"))
  const perChannel = (value: Value, cells: Shape): Value =>
    value.expand([groups, channels / groups]).reshape([channels, ...cells.slice(1).map(() => 1)])
  return {
    affine: (segment, cells, scale, shift) => {
      const factor = scale.multiply(perChannel(inverse, cells))
      // The differences from the mean are there already.
      if (x.length === 1) return centered[0]!.reshape(cells).multiply(factor).add(shift)
      // Here they are not held for all segments: the mean goes into the shift, as in PyTorch's kernel, so that x is passed over once less.
      return segment
        .reshape(cells)
        .multiply(factor)
        .add(shift.subtract(factor.multiply(perChannel(mean, cells))))
    },
  }
}

/** Group norm with a scale and a shift for each channel, as the encoder has it. (1, C, T, H, W) → same */
export const groupNorm = (x: Segments, weights: WeightScope, groups: number, epsilon: number): Segments => {
  const channels = x[0]!.length(1)
  const { affine } = normalize(x, groups, epsilon)
  const [scale, shift] = ["weight", "bias"].map((name) => weights.tensor(name, [channels]).reshape([channels, 1]))
  return mapSegments(x, (segment) =>
    affine(segment, [channels, segment.size / channels], scale!, shift!).reshape(segment.shape),
  )
}
