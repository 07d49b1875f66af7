/**
 * The exact Euclidean distance of each position of a plane to the nearest one that is set; infinite where none is.
 *
 * Two passes of lower envelopes of parabolas, linear in the number of positions (Felzenszwalb and Huttenlocher 2012, §2.1).
 *
 * @param isSet (height · width), row by row
 */
export const distanceTransform = (isSet: ArrayLike<number | boolean>, height: number, width: number): Float64Array => {
  const squared = new Float64Array(height * width)
  for (let p = 0; p < squared.length; p++) squared[p] = isSet[p] ? 0 : Infinity
  for (let x = 0; x < width; x++) alongLine(squared, x, width, height)
  for (let y = 0; y < height; y++) alongLine(squared, y * width, 1, width)
  return squared.map(Math.sqrt)
}

/** Replaces f on a line by min over q of (p − q)² + f(q). */
const alongLine = (f: Float64Array, start: number, stride: number, length: number): void => {
  const values = Float64Array.from({ length }, (_, q) => f[start + q * stride]!)
  // The parabolas of the lower envelope, and where each begins to be the lowest.
  const roots: Array<number> = []
  const from: Array<number> = []
  for (let q = 0; q < length; q++) {
    if (values[q] === Infinity) continue
    let begins = -Infinity
    while (roots.length > 0) {
      const r = roots.at(-1)!
      begins = (values[q]! + q * q - values[r]! - r * r) / (2 * (q - r))
      if (begins > from.at(-1)!) break
      roots.pop()
      from.pop()
      begins = -Infinity
    }
    roots.push(q)
    from.push(begins)
  }
  if (roots.length === 0) return
  for (let p = 0, k = 0; p < length; p++) {
    while (k + 1 < roots.length && from[k + 1]! < p) k++
    const q = roots[k]!
    f[start + p * stride] = (p - q) ** 2 + values[q]!
  }
}
