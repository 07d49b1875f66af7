/** How a map is cut into what is in the mask and what is not. */
export type Threshold =
  /** Where the two classes are farthest apart (Otsu 1979). */
  | { readonly kind: "otsu" }
  /** Above this part of all values, in 0…1. */
  | { readonly kind: "quantile"; readonly quantile: number }
  /** Above the mean, as in FlowDirector's released code. */
  | { readonly kind: "mean" }

/** The value above which a map is in the mask. */
export const thresholdOf = (values: ArrayLike<number>, threshold: Threshold): number => {
  switch (threshold.kind) {
    case "otsu":
      return otsu(values)
    case "quantile":
      return quantile(values, threshold.quantile)
    case "mean":
      return meanOf(values)
  }
}

const meanOf = (values: ArrayLike<number>): number => {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]!
  return sum / values.length
}

/** The value below which a part `q` of all values lies, interpolated between neighbours. */
const quantile = (values: ArrayLike<number>, q: number): number => {
  const sorted = Float64Array.from(values).toSorted()
  const at = q * (sorted.length - 1)
  const [below, above] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!]
  return below + (above - below) * (at - Math.floor(at))
}

/**
 * The threshold with the greatest variance between the two classes: of all cuts between neighbouring values, so that no histogram's
 * bins decide; the middle of the two values that it separates.
 */
const otsu = (values: ArrayLike<number>): number => {
  const sorted = Float64Array.from(values).toSorted()
  const n = sorted.length
  const total = meanOf(sorted) * n
  let best = -1
  let cut = sorted[0]!
  let below = 0
  for (let i = 0; i + 1 < n; i++) {
    below += sorted[i]!
    if (sorted[i] === sorted[i + 1]) continue
    const count = i + 1
    const between = count * (n - count) * (below / count - (total - below) / (n - count)) ** 2
    if (between <= best) continue
    best = between
    cut = (sorted[i]! + sorted[i + 1]!) / 2
  }
  return cut
}
