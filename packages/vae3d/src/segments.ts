import { concat, type Value } from "@auteur/engine"

/**
 * Hidden states cut along time, in order, each segment (1, C, Tᵢ, H, W): one segment where they are small, a segment for each frame
 * where they are large, so that intermediate results are small too. Equal frames may be one value.
 */
export type Segments = ReadonlyArray<Value>

/** Hidden states of more bytes are cut into frames. */
export const largestSegment: number = 64 * 2 ** 20

export const frameCount = (x: Segments): number => x.reduce((sum, segment) => sum + segment.length(2), 0)

/** (1, C, T, H, W) of all segments together. */
export const wholeShape = (x: Segments): [number, number, number, number, number] =>
  x[0]!.shape.with(2, frameCount(x)) as [number, number, number, number, number]

/** Cuts what takes more than `bytes` into frames, counting `growth` times its size for what will be made of it. */
export const cutFrames = (x: Segments, bytes: number, growth = 1): Segments => {
  const [whole] = x
  const frames = frameCount(x)
  if (x.length > 1 || frames === 1 || growth * 4 * whole!.size <= bytes) return x
  return Array.from({ length: frames }, (_, i) => whole!.slice(2, i, i + 1))
}

/** All segments as one value. */
export const joinSegments = (x: Segments): Value => (x.length === 1 ? x[0]! : concat(x, 2))

/** Maps each segment; equal ones once. */
export const mapSegments = (x: Segments, map: (segment: Value, index: number) => Value): Segments => {
  const known = new Map<Value, Value>()
  return x.map((segment, index) => {
    const mapped = known.get(segment) ?? map(segment, index)
    known.set(segment, mapped)
    return mapped
  })
}
