import type { HostTensor } from "../src/index.ts"

/** The positions of a tensor of this shape, in row-major order. */
const positions = (shape: ReadonlyArray<number>): ReadonlyArray<ReadonlyArray<number>> =>
  shape.reduce<ReadonlyArray<ReadonlyArray<number>>>(
    (prefixes, length) => prefixes.flatMap((prefix) => Array.from({ length }, (_, i) => [...prefix, i])),
    [[]],
  )

const at = ({ data, shape }: HostTensor, position: ReadonlyArray<number>): number =>
  position.some((index, axis) => index < 0 || index >= shape[axis]!)
    ? 0
    : Number(data[position.reduce((offset, index, axis) => offset * shape[axis]! + index, 0)])

/** Convolution as its definition says, with zeros outside of x. */
export const naiveConvolution = (
  x: HostTensor,
  weight: HostTensor,
  bias: HostTensor,
  strides: ReadonlyArray<number>,
  pads: ReadonlyArray<number>,
): HostTensor => {
  const [features, , ...kernel] = weight.shape as [number, number, ...Array<number>]
  const spatial = kernel.map(
    (k, i) => Math.floor((x.shape[i + 2]! + pads[i]! + pads[i + kernel.length]! - k) / strides[i]!) + 1,
  )
  const shape = [x.shape[0]!, features, ...spatial]
  const windows = positions(weight.shape.slice(1))
  const data = positions(shape).map(([b, o, ...place]) => {
    const terms = windows.map(([c, ...tap]) => {
      const source = place.map((index, i) => index * strides[i]! + tap[i]! - pads[i]!)
      return at(x, [b!, c!, ...source]) * at(weight, [o!, c!, ...tap])
    })
    return terms.reduce((sum, term) => sum + term, at(bias, [o!]))
  })
  return { shape, data: Float32Array.from(data) }
}

/** Attention as its definition says: q (B, N, H·d), k and v (B, M, H·d), bias broadcast to (B, H, N, M). */
export const naiveAttention = (
  q: HostTensor,
  k: HostTensor,
  v: HostTensor,
  heads: number,
  scale: number,
  bias?: HostTensor,
): ReadonlyArray<number> => {
  const [, keys, features] = k.shape as [number, number, number]
  const width = features / heads
  return positions(q.shape).map(([b, n, feature]) => {
    const h = Math.floor(feature! / width)
    const weights = Array.from({ length: keys }, (_, m) => {
      let score = 0
      for (let d = h * width; d < (h + 1) * width; d++) score += at(q, [b!, n!, d]) * at(k, [b!, m, d])
      const offset =
        bias === undefined ? 0 : at(bias, [Math.min(b!, bias.shape[0]! - 1), Math.min(h, bias.shape[1]! - 1), n!, m])
      return Math.exp(score * scale + offset)
    })
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    return weights.reduce((sum, weight, m) => sum + weight * at(v, [b!, m, feature!]), 0) / total
  })
}
