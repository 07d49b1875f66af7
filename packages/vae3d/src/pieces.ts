import { concat, type Value } from "@auteur/engine"

/**
 * Hidden states in the order of their frames, each piece (1, C, Tᵢ, H, W): in one piece where they are small, frame by frame where they
 * are large, so that what is made on the way to the next ones is small too. Equal frames may be one value.
 */
export type Pieces = ReadonlyArray<Value>

/** Hidden states of more bytes are worked on frame by frame. */
export const largestPiece: number = 64 * 2 ** 20

export const frameCount = (x: Pieces): number => x.reduce((sum, piece) => sum + piece.length(2), 0)

/** (1, C, T, H, W) of all pieces together. */
export const wholeShape = (x: Pieces): [number, number, number, number, number] =>
  x[0]!.shape.with(2, frameCount(x)) as [number, number, number, number, number]

/** Cuts what takes more than `bytes` into frames, counting `growth` times its size for what will be made of it. */
export const cutFrames = (x: Pieces, bytes: number, growth = 1): Pieces => {
  const [whole] = x
  const frames = frameCount(x)
  if (x.length > 1 || frames === 1 || growth * 4 * whole!.size <= bytes) return x
  return Array.from({ length: frames }, (_, i) => whole!.slice(2, i, i + 1))
}

/** All pieces as one value. */
export const joinPieces = (x: Pieces): Value => (x.length === 1 ? x[0]! : concat(x, 2))

/** Maps each piece; equal pieces once. */
export const mapPieces = (x: Pieces, map: (piece: Value, index: number) => Value): Pieces => {
  const known = new Map<Value, Value>()
  return x.map((piece, index) => {
    const mapped = known.get(piece) ?? map(piece, index)
    known.set(piece, mapped)
    return mapped
  })
}
