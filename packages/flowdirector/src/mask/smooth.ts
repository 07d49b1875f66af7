import { exp, Tensor } from "@auteur/core"

/** A number for each latent position. (1, F, h, w) */
export type MaskMap = Tensor<"batch frames height width">

/**
 * A map smoothed by a Gaussian, along time and along height and width; borders repeat their last value. (1, F, h, w) → (1, F, h, w)
 *
 * @param sigma Standard deviations in latent frames and latent positions; 0 leaves an axis as it is.
 */
export const smoothed = (map: MaskMap, sigma: { readonly time: number; readonly space: number }): MaskMap => {
  const [, frames, height, width] = map.shape
  let data: Float32Array = map.contiguous().values()
  data = alongAxis(data, frames, height * width, sigma.time)
  data = alongAxis(data, height, width, sigma.space)
  data = alongAxis(data, width, 1, sigma.space)
  return Tensor.from(map.layout, map.shape, data)
}

const alongAxis = (values: Float32Array, length: number, stride: number, sigma: number): Float32Array => {
  if (sigma === 0 || length === 1) return values
  const reach = Math.ceil(3 * sigma)
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, k) => exp(-((k - reach) ** 2) / (2 * sigma * sigma)))
  const total = kernel.reduce((sum, weight) => sum + weight, 0)
  return values.map((_, p) => {
    const at = Math.floor(p / stride) % length
    let sum = 0
    for (const [k, weight] of kernel.entries()) {
      const neighbour = Math.min(length - 1, Math.max(0, at + k - reach))
      sum += weight * values[p + (neighbour - at) * stride]!
    }
    return sum / total
  })
}
