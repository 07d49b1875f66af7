import {
  type DenoiserShape,
  type Latents,
  type Level,
  linearCombination,
  type Prediction,
  rectifiedFlow,
  Tensor,
  type TextEmbeddings,
} from "@auteur/core"
import * as Effect from "effect/Effect"

/** How far a video may be from its prompt's picture. */
const deviation = 0.1

/**
 * A network without weights: its videos are normals around one picture for each prompt, so that what is clean and what is noise in a
 * sample is known exactly. It stands for a trained network in the examples' tests.
 *
 * With x = αc + σn, c ~ N(m, s²) and n ~ N(0, 1): E[c|x] = m + αs²(x − αm)/(α²s² + σ²), E[n|x] = σ(x − αm)/(α²s² + σ²).
 */
export const painter = (channels: number): DenoiserShape => ({
  name: "painter",
  process: rectifiedFlow,
  imageConditioned: false,
  patch: { frames: 1, height: 1, width: 1 },
  trained: { frames: 8, height: 16, width: 16 },
  unsupported: ({ frames }) =>
    frames > 256 ? `The painter makes at most 256 frames, not ${frames}: ask for fewer.` : undefined,
  predict: ({ sample, level, texts }) =>
    Effect.sync(() => texts.map((text) => posteriorMeans(sample, level, pictureOf(text, sample.shape)))),
  cost: ({ frames, height, width }, texts) => {
    const values = frames * channels * height * width
    return Effect.succeed({ flops: 8 * texts * values, weightBytes: 0, activationBytes: 16 * texts * values })
  },
})

const posteriorMeans = (sample: Latents, { alpha, sigma }: Level, picture: Latents): Prediction => {
  const variance = (alpha * deviation) ** 2 + sigma ** 2
  const away: Latents = linearCombination([
    [1, sample],
    [-alpha, picture],
  ])
  return {
    clean: linearCombination([
      [1, picture],
      [(alpha * deviation ** 2) / variance, away],
    ]),
    noise: linearCombination([[sigma / variance, away]]),
  }
}

/** Bands whose colours and speed are the prompt's, moving to the right. */
const pictureOf = (text: TextEmbeddings, shape: Latents["shape"]): Latents => {
  const [, frames, channels, height, width] = shape
  const values = text.values()
  const [red, green, blue, speed] = [0, 1, 2, 3].map((part) => {
    let sum = 0
    for (let i = part; i < values.length; i += 4) sum += values[i]!
    return Math.sin(sum)
  }) as [number, number, number, number]
  const picture = Tensor.zeros("batch frames channels height width", shape)
  const colours = [red, green, blue]
  const area = height * width
  for (let i = 0; i < picture.size; i++) {
    const x = i % width
    const channel = Math.floor(i / area) % channels
    const frame = Math.floor(i / (area * channels)) % frames
    const band = Math.cos((x - frame * (1 + speed)) / 2)
    picture.data[i] = 0.8 * band * colours[Math.floor((3 * channel) / channels)]!
  }
  return picture
}
