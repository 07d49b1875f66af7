import { exp, log } from "../random/elementary-functions.ts"
import type { Level, NoiseProcess, Prediction, PredictionType } from "./noise-process.ts"
import { ShapeError } from "../tensor/shape-error.ts"
import { type Latents, Tensor } from "../tensor/tensor.ts"
import { linearCombination } from "../tensor/tensor-arithmetic.ts"

/** Variance-preserving diffusion with ᾱ for each of the timesteps 0…T−1. */
export const variancePreserving = (alphasCumprod: Float64Array): NoiseProcess => ({
  kind: "variance-preserving",
  alphasCumprod,
})

/** Rectified flow: straight lines between noise and clean latents. */
export const rectifiedFlow: NoiseProcess = { kind: "rectified-flow" }

/**
 * The level at a timestep. A variance-preserving timestep may be fractional (log-SNR is interpolated), and −1 stands for clean latents;
 * a rectified-flow timestep is 1000 σ.
 */
export const levelAt = (process: NoiseProcess, timestep: number): Level => {
  if (process.kind === "rectified-flow") {
    const sigma = timestep / 1000
    return { alpha: 1 - sigma, sigma, timestep }
  }
  const alphaCumprod = alphaCumprodAt(process.alphasCumprod, timestep)
  return { alpha: Math.sqrt(alphaCumprod), sigma: Math.sqrt(1 - alphaCumprod), timestep }
}

const alphaCumprodAt = (table: Float64Array, timestep: number): number => {
  if (timestep < 0) return 1
  const before = Math.min(Math.floor(timestep), table.length - 1)
  const after = Math.min(before + 1, table.length - 1)
  const [a, b, w] = [table[before]!, table[after]!, timestep - before]
  if (w === 0 || a === b) return a
  if (!hasLogSnr(a) || !hasLogSnr(b)) return a + w * (b - a)
  return 1 / (1 + exp(-(logSnr(a) * (1 - w) + logSnr(b) * w)))
}

const logSnr = (alphaCumprod: number): number => log(alphaCumprod / (1 - alphaCumprod))

/** Pure noise, the end of a zero-terminal-SNR table, has no finite log-SNR, nor has no noise: next to them ᾱ itself is interpolated. */
const hasLogSnr = (alphaCumprod: number): boolean => alphaCumprod > 0 && alphaCumprod < 1

/** Whether two processes have the same levels at the same timesteps. */
export const sameProcess = (a: NoiseProcess, b: NoiseProcess): boolean => {
  if (a.kind === "rectified-flow" || b.kind === "rectified-flow") return a.kind === b.kind
  return (
    a.alphasCumprod === b.alphasCumprod ||
    (a.alphasCumprod.length === b.alphasCumprod.length &&
      a.alphasCumprod.every((alpha, timestep) => alpha === b.alphasCumprod[timestep]))
  )
}

/**
 * The exact change of variables between processes: the level of `to` at the signal-to-noise ratio of `level`, and the factor
 * that turns a sample at `level` into one there.
 */
export const matchLevel = (to: NoiseProcess, level: Level): { readonly level: Level; readonly factor: number } => {
  const matched = to.kind === "rectified-flow" ? matchRectifiedFlow(level) : matchVariancePreserving(to, level)
  const factor = level.alpha > level.sigma ? matched.alpha / level.alpha : matched.sigma / level.sigma
  return { level: matched, factor }
}

/** {@link matchLevel} of a level on `from`; where the two processes are one, the level itself. */
export const changeProcess = (
  from: NoiseProcess,
  to: NoiseProcess,
  level: Level,
): { readonly level: Level; readonly factor: number } =>
  sameProcess(from, to) ? { level, factor: 1 } : matchLevel(to, level)

/** The velocity of rectified flow that a prediction comes to: noise − clean. */
export const velocityOf = ({ clean, noise }: Prediction): Latents =>
  linearCombination([
    [1, noise],
    [-1, clean],
  ])

const matchRectifiedFlow = ({ alpha, sigma }: Level): Level => {
  const sum = alpha + sigma
  return { alpha: alpha / sum, sigma: sigma / sum, timestep: (1000 * sigma) / sum }
}

const matchVariancePreserving = (
  process: Extract<NoiseProcess, { kind: "variance-preserving" }>,
  { alpha, sigma }: Level,
): Level => {
  const norm = Math.sqrt(alpha * alpha + sigma * sigma)
  const matched = { alpha: alpha / norm, sigma: sigma / norm }
  return { ...matched, timestep: timestepOf(process.alphasCumprod, matched.alpha * matched.alpha) }
}

/** The fractional timestep at which the table, which falls, reaches ᾱ: the inverse of {@link levelAt}. */
const timestepOf = (table: Float64Array, target: number): number => {
  const last = table.length - 1
  if (target >= table[0]!) return 0
  if (target <= table[last]!) return last
  let [low, high] = [0, last]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (table[middle]! >= target) low = middle
    else high = middle
  }
  const [a, b] = [table[low]!, table[high]!]
  if (!hasLogSnr(a) || !hasLogSnr(b)) return low + (target - a) / (b - a)
  return low + (logSnr(target) - logSnr(a)) / (logSnr(b) - logSnr(a))
}

/** Reads a network's output at a level as clean latents and noise; a `ShapeError` when it is not of the sample's shape. */
export const toPrediction = (type: PredictionType, sample: Latents, level: Level, output: Latents): Prediction => {
  checkAlike("toPrediction", sample, output)
  const predicted = output.contiguous()
  const x = sample.contiguous().values()
  const y = predicted.values()
  const { alpha, sigma } = level
  const mix = (a: number, b: number): Latents => {
    const [p, q] = [Math.fround(a), Math.fround(b)]
    const data = new Float32Array(x.length)
    for (let i = 0; i < data.length; i++) data[i] = p * x[i]! + q * y[i]!
    return Tensor.from("batch frames channels height width", sample.shape, data)
  }
  switch (type) {
    case "v_prediction":
      return { clean: mix(alpha, -sigma), noise: mix(sigma, alpha) }
    case "epsilon":
      return { clean: mix(1 / alpha, -sigma / alpha), noise: predicted }
    case "sample":
      // Clean latents say nothing about noise: its mean is 0.
      if (sigma === 0) return { clean: predicted, noise: mix(0, 0) }
      return { clean: predicted, noise: mix(1 / sigma, -alpha / sigma) }
    case "flow":
      return { clean: mix(1, -sigma), noise: mix(1, 1 - sigma) }
  }
}

/** alpha · clean + sigma · noise; a `ShapeError` when the two are not alike. */
export const addNoise = (clean: Latents, noise: Latents, level: Level): Latents => {
  checkAlike("addNoise", clean, noise)
  const c = clean.contiguous().values()
  const n = noise.contiguous().values()
  const data = new Float32Array(c.length)
  const [alpha, sigma] = [Math.fround(level.alpha), Math.fround(level.sigma)]
  for (let i = 0; i < data.length; i++) data[i] = alpha * c[i]! + sigma * n[i]!
  return Tensor.from("batch frames channels height width", clean.shape, data)
}

const checkAlike = (operation: string, first: Latents, second: Latents): void => {
  if (first.shape.join() === second.shape.join()) return
  throw ShapeError.of(operation, `latents of [${first.shape.join(", ")}]`, `[${second.shape.join(", ")}]`)
}
