import { sin } from "@auteur/core"
import type { RgbFrame } from "./rgb-frame.ts"

/** A filter for changing the size of a picture: `lanczos` (three lobes) is the sharpest, `catmull-rom` rings less. */
export type ResampleFilter = "lanczos" | "catmull-rom"

const sinc = (x: number): number => (x === 0 ? 1 : sin(Math.PI * x) / (Math.PI * x))

const lanczos = (x: number): number => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0)

const catmullRom = (x: number): number => {
  const d = Math.abs(x)
  if (d < 1) return (1.5 * d - 2.5) * d * d + 1
  if (d < 2) return ((-0.5 * d + 2.5) * d - 4) * d + 2
  return 0
}

const KERNELS: Readonly<Record<ResampleFilter, { readonly kernel: (x: number) => number; readonly radius: number }>> = {
  lanczos: { kernel: lanczos, radius: 3 },
  "catmull-rom": { kernel: catmullRom, radius: 2 },
}

// Weights are integers of this many fractional bits, so that the result is the same on every machine.
const PRECISION = 22
const HALF = 1 << (PRECISION - 1)

interface Taps {
  readonly first: number
  readonly weights: Int32Array
}

/** For each output position, the input positions that it is a weighted mean of. */
const tapsFor = (from: number, to: number, filter: ResampleFilter): ReadonlyArray<Taps> => {
  const { kernel, radius } = KERNELS[filter]
  const step = from / to
  const stretch = Math.max(step, 1) // shrinking widens the filter, against aliasing
  const reach = radius * stretch
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * step
    const first = Math.max(0, Math.trunc(centre - reach + 0.5))
    const end = Math.min(from, Math.trunc(centre + reach + 0.5))
    const values = Array.from({ length: end - first }, (__, k) => kernel((first + k + 0.5 - centre) / stretch))
    const total = values.reduce((sum, value) => sum + value, 0)
    const weights = Int32Array.from(values, (value) => {
      const scaled = (value / total) * 2 ** PRECISION
      return Math.trunc(scaled + Math.sign(scaled) * 0.5)
    })
    return { first, weights }
  })
}

/** Resamples each row of three-byte pixels. */
const resampleRows = ({ width, height, data }: RgbFrame, to: number, filter: ResampleFilter): Uint8Array => {
  const out = new Uint8ClampedArray(to * height * 3)
  for (const [x, { first, weights }] of tapsFor(width, to, filter).entries()) {
    for (let y = 0; y < height; y++) {
      let r = HALF
      let g = HALF
      let b = HALF
      for (let k = 0, p = (y * width + first) * 3; k < weights.length; k++, p += 3) {
        const weight = weights[k]!
        r += Math.imul(data[p]!, weight)
        g += Math.imul(data[p + 1]!, weight)
        b += Math.imul(data[p + 2]!, weight)
      }
      const target = (y * to + x) * 3
      out[target] = r >> PRECISION
      out[target + 1] = g >> PRECISION
      out[target + 2] = b >> PRECISION
    }
  }
  return new Uint8Array(out.buffer)
}

/** Resamples each column: an output row is a weighted sum of input rows. */
const resampleColumns = ({ width, height, data }: RgbFrame, to: number, filter: ResampleFilter): Uint8Array => {
  const row = width * 3
  const out = new Uint8ClampedArray(row * to)
  const sums = new Int32Array(row)
  for (const [y, { first, weights }] of tapsFor(height, to, filter).entries()) {
    sums.fill(HALF)
    for (let k = 0; k < weights.length; k++) {
      const weight = weights[k]!
      const source = (first + k) * row
      for (let i = 0; i < row; i++) sums[i]! += Math.imul(data[source + i]!, weight)
    }
    for (let i = 0; i < row; i++) out[y * row + i] = sums[i]! >> PRECISION
  }
  return new Uint8Array(out.buffer)
}

/**
 * Changes the size of a frame along one axis after the other, rounding to bytes between.
 *
 * Rows come first, unless the picture gets wider and lower, as in Pillow 13.
 */
export const resample = (frame: RgbFrame, width: number, height: number, filter: ResampleFilter): RgbFrame => {
  const alongRows = (input: RgbFrame): RgbFrame =>
    width === input.width ? input : { width, height: input.height, data: resampleRows(input, width, filter) }
  const alongColumns = (input: RgbFrame): RgbFrame =>
    height === input.height ? input : { width: input.width, height, data: resampleColumns(input, height, filter) }
  const columnsFirst = width > frame.width && height < frame.height
  return columnsFirst ? alongRows(alongColumns(frame)) : alongColumns(alongRows(frame))
}
