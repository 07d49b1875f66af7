import { sin } from "@auteur/core"
import { premultiplied, type Raster, raster, unmultiplied } from "./raster.ts"

const sinc = (x: number): number => (x === 0 ? 1 : sin(Math.PI * x) / (Math.PI * x))

/** The Lanczos kernel of three lobes. */
const lanczos = (x: number): number => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0)

/** Changes the size of a square picture with the Lanczos filter, along rows and then along columns, rounding between. */
export const resized = (image: Raster, size: number): Raster => {
  const filtered = (input: Raster) => transposed(resizedRows(transposed(resizedRows(input, size)), size))
  return image.channels === 4 ? unmultiplied(filtered(premultiplied(image))) : filtered(image)
}

const resizedRows = ({ width, height, channels, data }: Raster, to: number): Raster => {
  const out = raster(to, height, channels)
  const scale = width / to
  const stretch = Math.max(scale, 1) // shrinking widens the filter, against aliasing
  for (let x = 0; x < to; x++) {
    const centre = (x + 0.5) * scale
    const first = Math.max(0, Math.trunc(centre - 3 * stretch + 0.5))
    const end = Math.min(width, Math.trunc(centre + 3 * stretch + 0.5))
    const weights = Array.from({ length: end - first }, (_, k) => lanczos((first + k + 0.5 - centre) / stretch))
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    for (let y = 0; y < height; y++) {
      for (let c = 0; c < channels; c++) {
        let sum = 0
        for (const [k, weight] of weights.entries()) sum += weight * data[(y * width + first + k) * channels + c]!
        out.data[(y * to + x) * channels + c] = Math.floor(sum / total + 0.5)
      }
    }
  }
  return out
}

const transposed = ({ width, height, channels, data }: Raster): Raster => {
  const out = raster(height, width, channels)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++)
        out.data[(x * height + y) * channels + c] = data[(y * width + x) * channels + c]!
    }
  }
  return out
}

/** (x, y) of the output → (a·x + b·y + c, d·x + e·y + f) of the input. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number]

/** An RGBA picture seen through an affine map, with a cubic filter; transparent where the map leaves it. */
export const transformed = (image: Raster, size: number, [a, b, c, d, e, f]: Affine): Raster => {
  const source = premultiplied(image)
  const { width, height, data } = source
  const out = raster(size, size, 4)
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const u = a * (x + 0.5) + b * (y + 0.5) + c
      const v = d * (x + 0.5) + e * (y + 0.5) + f
      if (u < 0 || u >= width || v < 0 || v >= height) continue
      const [left, top] = [Math.floor(u - 0.5), Math.floor(v - 0.5)]
      const [dx, dy] = [u - 0.5 - left, v - 0.5 - top]
      const column = (k: number) => Math.min(width - 1, Math.max(0, left + k))
      const row = (k: number) => Math.min(height - 1, Math.max(0, top + k)) * width
      for (let channel = 0; channel < 4; channel++) {
        const at = (k: number, j: number) => data[(row(j) + column(k)) * 4 + channel]!
        const along = (j: number) => cubic(at(-1, j), at(0, j), at(1, j), at(2, j), dx)
        out.data[(y * size + x) * 4 + channel] = Math.trunc(
          Math.max(0, cubic(along(-1), along(0), along(1), along(2), dy)),
        )
      }
    }
  }
  return unmultiplied(out)
}

/** The cubic through the two middle values whose slopes there are those between their neighbours (a = −1, as in Pillow's transform). */
const cubic = (v1: number, v2: number, v3: number, v4: number, d: number): number =>
  v2 + d * (v3 - v1 + d * (2 * (v1 - v2) + v3 - v4 + d * (v2 - v1 - v3 + v4)))
