import type { Level, Prediction } from "../noise/noise-process.ts"
import type { Random } from "../random/random.ts"
import { type AnyTensor, type Latents, Tensor } from "../tensor/tensor.ts"
import { linearCombination } from "../tensor/tensor-arithmetic.ts"

/** Small latents with more than one place along each axis but the batch. */
export const smallShape = [1, 3, 2, 4, 2] as const

export const latentsOf = (values: ArrayLike<number>, shape: Latents["shape"] = smallShape): Latents =>
  Tensor.from("batch frames channels height width", shape, Float32Array.from(values))

export const normalLatents = (random: Random, shape: Latents["shape"] = smallShape): Latents =>
  latentsOf(random.normal(shape.reduce((product, length) => product * length)), shape)

/** x / (1 + |x|): bounded and smooth, and the same in all engines. */
export const softSign = (x: number): number => x / (1 + Math.abs(x))

/** A network, as a function of a sample and its level. */
export type Network = (sample: Latents, level: Level) => Prediction

/** A network that knows the clean latents, so that only its noise depends on the sample. */
export const exactNetwork =
  (clean: Latents): Network =>
  (sample, { alpha, sigma }) => ({
    clean,
    noise: linearCombination([
      [1 / sigma, sample],
      [-alpha / sigma, clean],
    ]),
  })

/** A network that is a smooth function of its sample and level, and consistent: sample = alpha · clean + sigma · noise. */
export const smooth: Network = (sample, { alpha, sigma }) => {
  const square = alpha ** 2 + sigma ** 2
  const velocity = latentsOf(
    sample.values().map((x) => softSign(1.3 * x + sigma) - 0.4 * x),
    sample.shape,
  )
  return {
    clean: linearCombination([
      [alpha / square, sample],
      [-sigma, velocity],
    ]),
    noise: linearCombination([
      [sigma / square, sample],
      [alpha, velocity],
    ]),
  }
}

/** The largest absolute difference between two tensors of a shape. */
export const distance = (a: AnyTensor<"float32">, b: AnyTensor<"float32">): number => {
  const [x, y] = [a.values(), b.values()]
  let largest = x.length === y.length ? 0 : Infinity
  for (let i = 0; i < x.length; i++) {
    const difference = Math.abs(x[i]! - y[i]!)
    if (!(difference <= largest)) largest = difference
  }
  return largest
}

/** Whether two tensors have the same shape and the same bits. */
export const isSame = (a: AnyTensor<"float32">, b: AnyTensor<"float32">): boolean => {
  const [x, y] = [a.values(), b.values()]
  return a.shape.join() === b.shape.join() && x.every((value, i) => Object.is(value, y[i]))
}

/** Remembers the bits of tensors; gives back whether they are still the same. */
export const watch = (tensors: ReadonlyArray<AnyTensor<"float32">>): (() => boolean) => {
  const before = tensors.map((tensor) => tensor.values().slice())
  return () => tensors.every((tensor, i) => tensor.values().every((value, at) => Object.is(value, before[i]![at])))
}
