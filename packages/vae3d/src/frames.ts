import { type Pixels, type Posterior, Tensor } from "@auteur/core"
import type { HostTensor } from "@auteur/engine"

const axes = "batch channels frames height width"

/** Batch elements, each (1, C, T, H, W), as one tensor. */
export const toPixels = (elements: ReadonlyArray<HostTensor>): Pixels => {
  const [, ...shape] = elements[0]!.shape as [number, number, number, number, number]
  if (elements.length === 1) return Tensor.from(axes, [1, ...shape], elements[0]!.data as Float32Array)
  const size = elements[0]!.data.length
  const data = new Float32Array(elements.length * size)
  for (const [i, element] of elements.entries()) data.set(element.data as Float32Array, i * size)
  return Tensor.from(axes, [elements.length, ...shape], data)
}

/** The encoder's answers for each chunk and batch element, (1, 2·Z, t, h, w), as one Gaussian; log variances are kept in −30…20. */
export const toPosterior = (chunks: ReadonlyArray<ReadonlyArray<HostTensor>>): Posterior => {
  const [, both, , height, width] = chunks[0]![0]!.shape as [number, number, number, number, number]
  const frames = chunks.reduce((sum, chunk) => sum + chunk[0]!.shape[2]!, 0)
  const moments = Tensor.zeros(axes, [chunks[0]!.length, both, frames, height, width])
  const area = height * width
  let start = 0
  for (const chunk of chunks) {
    const length = chunk[0]!.shape[2]! * area
    for (const [element, { data }] of chunk.entries()) {
      for (let channel = 0; channel < both; channel++) {
        const values = (data as Float32Array).subarray(channel * length, (channel + 1) * length)
        moments.data.set(values, (element * both + channel) * frames * area + start)
      }
    }
    start += length
  }
  const logVariance = moments.slice("channels", both / 2, both).contiguous()
  for (const [i, x] of logVariance.data.entries()) logVariance.data[i] = Math.min(Math.max(x, -30), 20)
  return { mean: moments.slice("channels", 0, both / 2).contiguous(), logVariance }
}
