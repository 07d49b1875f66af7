import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { DenoiserShape } from "../src/services/denoiser.ts"
import type { GuidanceShape } from "../src/services/guidance.ts"
import { variancePreserving } from "../src/noise/noise-levels.ts"
import type { Level, NoiseProcess, Prediction } from "../src/noise/noise-process.ts"
import { type Latents, Tensor } from "../src/tensor/tensor.ts"
import { linearCombination } from "../src/tensor/tensor-arithmetic.ts"
import type { TextEmbeddings, TextEncoderShape } from "../src/services/text-encoder.ts"
import type { Pixels, VideoVaeShape } from "../src/services/video-vae.ts"
import { cogvideoxTable } from "./cogvideox-table.ts"

/** The clean latents of a text are independent normals with the text's mean and this deviation. */
export const deviation = 0.5

/** Diffusion as CogVideoX-5b has it. */
export const diffusion: NoiseProcess = variancePreserving(cogvideoxTable(1))

const maxSequenceLength = 16

/** The mean of the clean latents of a text: that of its characters, in 1/128. */
export const meanOf = (text: string): number => {
  const codes = [...text].slice(0, maxSequenceLength).map((character) => character.charCodeAt(0) / 128)
  return codes.reduce((sum, code) => sum + code, 0) / Math.max(codes.length, 1)
}

/** One token for each character: its code in 1/128, and 1 to tell it from padding. */
export const characters: TextEncoderShape = {
  maxSequenceLength,
  encode: (text) =>
    Effect.sync(() => {
      const data = new Float32Array(maxSequenceLength * 2)
      for (const [i, character] of [...text].slice(0, maxSequenceLength).entries()) {
        data.set([character.charCodeAt(0) / 128, 1], 2 * i)
      }
      return {
        embeddings: Tensor.from("batch tokens features", [1, maxSequenceLength, 2], data),
        truncated: text.length > maxSequenceLength ? text.slice(maxSequenceLength) : undefined,
      }
    }),
  cost: Effect.succeed({ flops: 1e6, weightBytes: 1000, activationBytes: 500 }),
}

const meanOfEmbeddings = (text: TextEmbeddings): number => {
  const values = text.values()
  let [sum, count] = [0, 0]
  for (let i = 0; i < values.length; i += 2) {
    sum += values[i]!
    count += values[i + 1]!
  }
  return sum / Math.max(count, 1)
}

/**
 * The posterior means of clean latents and of noise, in closed form: with x = αc + σn, c ~ N(m, s²) and n ~ N(0, 1),
 * E[c|x] = m + αs²(x − αm)/(α²s² + σ²) and E[n|x] = σ(x − αm)/(α²s² + σ²).
 */
export const posteriorMeans = (sample: Latents, { alpha, sigma }: Level, mean: number): Prediction => {
  const variance = (alpha * deviation) ** 2 + sigma ** 2
  const ones = Tensor.from(sample.layout, sample.shape, new Float32Array(sample.size).fill(1))
  const away: Latents = linearCombination([
    [1, sample],
    [-alpha * mean, ones],
  ])
  return {
    clean: linearCombination([
      [mean, ones],
      [(alpha * deviation ** 2) / variance, away],
    ]),
    noise: linearCombination([[sigma / variance, away]]),
  }
}

/** Knows the distribution of the clean latents; image latents move its answer by a tenth of themselves. */
export const normals: DenoiserShape = {
  name: "normals",
  process: diffusion,
  imageConditioned: false,
  patch: { frames: 1, height: 2, width: 2 },
  trained: { frames: 3, height: 4, width: 6 },
  unsupported: ({ frames }) => (frames > 24 ? `${frames} latent frames are more than 24.` : undefined),
  predict: ({ sample, level, texts, image }) =>
    Effect.sync(() =>
      texts.map((text) => {
        const { clean, noise } = posteriorMeans(sample, level, meanOfEmbeddings(text))
        if (image === undefined) return { clean, noise }
        return {
          clean: linearCombination([
            [1, clean],
            [0.1, image],
          ]),
          noise,
        }
      }),
    ),
  cost: ({ frames, height, width }, texts) =>
    Effect.succeed({
      flops: texts * frames * height * width * 1e6,
      weightBytes: 4000,
      activationBytes: 100 * frames * height * width,
    }),
}

/** Frames of the pieces that `latentFrames` latent frames stand for: the first of an odd number is one frame, the others four. */
const lengthsOf = (latentFrames: number): Array<number> =>
  Array.from({ length: latentFrames }, (_, i) => (i === 0 && latentFrames % 2 === 1 ? 1 : 4))

/** A latent position is the mean colour of its 8×8 pixels and its frames; decoding repeats it. */
export const colours: VideoVaeShape = {
  latentChannels: 3,
  spatialCompression: 8,
  temporalCompression: 4,
  scalingFactor: 0.5,
  imageScalingFactor: 2,
  decodedFrames: (latentFrames) => 4 * latentFrames - (latentFrames % 2) * 3,
  encode: (video) =>
    Effect.sync(() => {
      const [, channels, frames, height, width] = video.shape
      const lengths = lengthsOf(Math.floor((frames - 1) / 4) + 1)
      const latents = Tensor.zeros("batch channels frames height width", [
        1,
        channels,
        lengths.length,
        height / 8,
        width / 8,
      ])
      const [from, to] = [video.values(), latents.values()]
      const pieceOf = lengths.flatMap((length, piece) => Array.from({ length }, () => piece))
      for (let i = 0; i < from.length; i++) {
        const [x, y, t, c] = positionOf(i, width, height, frames)
        const piece = pieceOf[t]!
        const at = ((c * lengths.length + piece) * (height / 8) + Math.floor(y / 8)) * (width / 8) + Math.floor(x / 8)
        to[at]! += from[i]! / (64 * lengths[piece]!)
      }
      return {
        mean: latents,
        logVariance: Tensor.from(latents.layout, latents.shape, new Float32Array(latents.size).fill(-3)),
      }
    }),
  decode: (latents) => {
    const lengths = lengthsOf(latents.length("frames"))
    const chunks: Array<Pixels> = []
    // Two latent frames at a time, and what is left over in the first chunk.
    for (let begin = 0, end = 2 + (lengths.length % 2); begin < lengths.length; begin = end, end += 2) {
      chunks.push(repeated(latents, lengths, begin, Math.min(end, lengths.length)))
    }
    return Stream.fromIterable(chunks)
  },
  decodeCost: ({ frames, height, width }) =>
    Effect.succeed({
      flops: frames * height * width * 2e6,
      weightBytes: 2000,
      activationBytes: 300 * frames * height * width,
    }),
  encodeCost: ({ frames, height, width }) =>
    Effect.succeed({
      flops: frames * height * width * 1e4,
      weightBytes: 1000,
      activationBytes: frames * height * width,
    }),
}

const positionOf = (i: number, width: number, height: number, frames: number) =>
  [
    i % width,
    Math.floor(i / width) % height,
    Math.floor(i / (width * height)) % frames,
    Math.floor(i / (width * height * frames)),
  ] as const

const repeated = (latents: Latents, lengths: ReadonlyArray<number>, begin: number, end: number): Pixels => {
  const [, , channels, h, w] = latents.shape
  const pieces = lengths.slice(begin, end).flatMap((length, i) => Array.from({ length }, () => begin + i))
  const [height, width] = [8 * h, 8 * w]
  const pixels = Tensor.zeros("batch channels frames height width", [1, channels, pieces.length, height, width])
  const [from, to] = [latents.values(), pixels.values()]
  for (let i = 0; i < to.length; i++) {
    const [x, y, t, c] = positionOf(i, width, height, pieces.length)
    const at = ((pieces[t]! * channels + c) * h + Math.floor(y / 8)) * w + Math.floor(x / 8)
    to[i] = from[at]! / colours.scalingFactor
  }
  return pixels
}

/** u + g·(c − u). */
export const classifierFree: GuidanceShape = {
  name: "classifier-free",
  usesUnconditional: (scale) => scale > 1,
  combine: ({ conditional: c, unconditional: u, scale }) => ({
    clean: linearCombination([
      [1 - scale, u.clean],
      [scale, c.clean],
    ]),
    noise: linearCombination([
      [1 - scale, u.noise],
      [scale, c.noise],
    ]),
  }),
}
