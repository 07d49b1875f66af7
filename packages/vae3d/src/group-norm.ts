import { int, type Value, type WeightScope } from "@auteur/engine"
import { mapPieces, type Pieces, wholeShape } from "./pieces.ts"

/** Mean over the last axis, which stays with length 1; by rows first, which keeps sums of millions of numbers exact enough. */
const rowMean = (operator: "ReduceMean" | "ReduceSumSquare", x: Value, rows: number): Value =>
  x.graph.apply(operator, [x.reshape([rows, x.size / rows]), x.graph.integers([1])], [rows, 1], {
    attributes: { keepdims: int(1) },
  })

/** x less its groups' means, and one over their standard deviations. */
export interface Normalised {
  /** A piece of x less the means, of its own shape. */
  readonly centred: (piece: Value) => Value
  /** (C, 1, 1, 1, 1) */
  readonly inverseDeviation: Value
}

/**
 * The statistics of group norm, which span a group's channels, the chunk's frames and their pictures.
 *
 * The scaling by 1/σ is left to the caller, which has to multiply by channel anyway. x: (1, C, T, H, W)
 */
export const normalise = (x: Pieces, groups: number, epsilon: number): Normalised => {
  const [, channels, frames, height, width] = wholeShape(x)
  /** The mean over all pieces of what `measure` finds for each group of a piece. */
  const overAll = (measure: (piece: Value) => Value): Value =>
    mapPieces(x, (piece) => {
      const mean = measure(piece) // (G, 1)
      return x.length === 1 ? mean : mean.multiply(piece.length(2) / frames)
    }).reduce((sum, mean) => sum.add(mean))
  const pictures = (piece: Value): number => channels * piece.length(2)

  const mean = overAll((piece) => rowMean("ReduceMean", rowMean("ReduceMean", piece, pictures(piece)), groups))
  const lessMean = (piece: Value): Value => piece.reshape([groups, piece.size / groups]).subtract(mean)
  const centred = mapPieces(x, lessMean)
  const variance = overAll((piece) => {
    const squares = rowMean("ReduceSumSquare", centred[x.indexOf(piece)]!, pictures(piece))
    return rowMean("ReduceMean", squares, groups).divide(height * width)
  })
  const inverse = x[0]!.graph.scalar(1).divide(variance.add(epsilon).map("Sqrt"))
  const perChannel = (value: Value): Value => value.expand([groups, channels / groups]).reshape([channels, 1, 1, 1, 1])
  const means = perChannel(mean).reshape([1, channels, 1, 1, 1])
  return {
    // Of many pieces it is computed anew, and so not held for all of them while the statistics are made.
    centred: (piece) => (x.length === 1 ? centred[0]!.reshape(piece.shape) : piece.subtract(means)),
    inverseDeviation: perChannel(inverse),
  }
}

/** Group norm with a scale and a shift for each channel, as the encoder has it. (1, C, T, H, W) → same */
export const groupNorm = (x: Pieces, weights: WeightScope, groups: number, epsilon: number): Pieces => {
  const channels = x[0]!.length(1)
  const { centred, inverseDeviation } = normalise(x, groups, epsilon)
  const scale = weights.tensor("weight", [channels]).multiply(inverseDeviation.reshape([channels]))
  const shift = weights.tensor("bias", [channels])
  return mapPieces(x, (piece) =>
    centred(piece)
      .reshape([channels, piece.size / channels])
      .multiply(scale.reshape([channels, 1]))
      .add(shift.reshape([channels, 1]))
      .reshape(piece.shape),
  )
}
