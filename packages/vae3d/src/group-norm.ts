import { int, type Value, type WeightScope } from "@auteur/engine"

/** Mean over the last axis, which stays with length 1; by rows first, which keeps sums of millions of numbers exact enough. */
const rowMean = (operator: "ReduceMean" | "ReduceSumSquare", x: Value, rows: number): Value =>
  x.graph.apply(operator, [x.reshape([rows, x.size / rows]), x.graph.integers([1])], [rows, 1], {
    attributes: { keepdims: int(1) },
  })

/** x less its groups' means, and one over their standard deviations. */
export interface Normalised {
  /** (1, C, T, H, W) */
  readonly centred: Value
  /** (C, 1, 1, 1, 1) */
  readonly inverseDeviation: Value
}

/**
 * The statistics of group norm, which span a group's channels, the chunk's frames and their pictures.
 *
 * The scaling by 1/σ is left to the caller, which has to multiply by channel anyway. x: (1, C, T, H, W)
 */
export const normalise = (x: Value, groups: number, epsilon: number): Normalised => {
  const [, channels, frames, height, width] = x.shape as [number, number, number, number, number]
  const pictures = channels * frames
  const mean = rowMean("ReduceMean", rowMean("ReduceMean", x, pictures), groups) // (G, 1)
  const centred = x.reshape([groups, x.size / groups]).subtract(mean)
  const squares = rowMean("ReduceSumSquare", centred, pictures)
  const variance = rowMean("ReduceMean", squares, groups).divide(height * width)
  const inverse = x.graph.scalar(1).divide(variance.add(epsilon).map("Sqrt"))
  const perChannel = inverse.expand([groups, channels / groups])
  return { centred: centred.reshape(x.shape), inverseDeviation: perChannel.reshape([channels, 1, 1, 1, 1]) }
}

/** Group norm with a scale and a shift for each channel, as the encoder has it. (1, C, T, H, W) → same */
export const groupNorm = (x: Value, weights: WeightScope, groups: number, epsilon: number): Value => {
  const channels = x.length(1)
  const { centred, inverseDeviation } = normalise(x, groups, epsilon)
  const scale = weights.tensor("weight", [channels]).multiply(inverseDeviation.reshape([channels]))
  const shift = weights.tensor("bias", [channels])
  return centred
    .reshape([channels, x.size / channels])
    .multiply(scale.reshape([channels, 1]))
    .add(shift.reshape([channels, 1]))
    .reshape(x.shape)
}
