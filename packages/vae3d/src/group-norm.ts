import { int, type Shape, type Value, type WeightScope } from "@auteur/engine"
import { mapPieces, type Pieces, wholeShape } from "./pieces.ts"

/** Mean over the last axis, which stays with length 1; by rows first, which keeps sums of millions of numbers exact enough. */
const rowMean = (operator: "ReduceMean" | "ReduceSumSquare", x: Value, rows: number): Value =>
  x.graph.apply(operator, [x.reshape([rows, x.size / rows]), x.graph.integers([1])], [rows, 1], {
    attributes: { keepdims: int(1) },
  })

/** A normalisation whose scale and shift are still to come. */
export interface Normalised {
  /** (x − mean)/deviation · scale + shift for a piece of x, with scale and shift of a shape that broadcasts to `cells`, as the piece is seen. */
  readonly affine: (piece: Value, cells: Shape, scale: Value, shift: Value) => Value
}

/**
 * The statistics of group norm, which span a group's channels, the chunk's frames and their pictures.
 *
 * x: (1, C, T, H, W)
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
  const perChannel = (value: Value, cells: Shape): Value =>
    value.expand([groups, channels / groups]).reshape([channels, ...cells.slice(1).map(() => 1)])
  return {
    affine: (piece, cells, scale, shift) => {
      const factor = scale.multiply(perChannel(inverse, cells))
      // The differences from the mean are there already.
      if (x.length === 1) return centred[0]!.reshape(cells).multiply(factor).add(shift)
      // Here they are not held for all pieces: the mean goes into the shift, as in PyTorch's kernel, so that x is passed over once less.
      return piece
        .reshape(cells)
        .multiply(factor)
        .add(shift.subtract(factor.multiply(perChannel(mean, cells))))
    },
  }
}

/** Group norm with a scale and a shift for each channel, as the encoder has it. (1, C, T, H, W) → same */
export const groupNorm = (x: Pieces, weights: WeightScope, groups: number, epsilon: number): Pieces => {
  const channels = x[0]!.length(1)
  const { affine } = normalise(x, groups, epsilon)
  const [scale, shift] = ["weight", "bias"].map((name) => weights.tensor(name, [channels]).reshape([channels, 1]))
  return mapPieces(x, (piece) => affine(piece, [channels, piece.size / channels], scale!, shift!).reshape(piece.shape))
}
