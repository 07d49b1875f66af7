import {
  type Cost,
  type PredictInput,
  type EngineError,
  type LatentSize,
  type ModelError,
  type PipelineError,
  timesCost,
} from "@auteur/core"
import type { HostTensor, Model } from "@auteur/engine"
import * as Effect from "effect/Effect"
import type { TransformerConfig } from "./config.ts"
import { gridOf } from "./grid.ts"
import { transformerProgram, type TransformerShape } from "./transformer.ts"

/** A way to run the transformer: whole, or with a cache. */
export interface Forward {
  /** The network's output for each text. */
  readonly predict: (
    input: PredictInput,
  ) => Effect.Effect<ReadonlyArray<Float32Array>, EngineError | ModelError | PipelineError>
  /** The most that one call with `texts` texts costs at a legal latent size. */
  readonly cost: (size: LatentSize, texts: number) => Effect.Effect<Cost, ModelError>
}

/** Runs the whole transformer at each call. */
export const wholeForward = (model: Model, config: TransformerConfig): Forward => ({
  predict: Effect.fnUntraced(function* (input) {
    const outputs: Array<Float32Array> = []
    for (const batch of batchesOf(config, input)) {
      const { size, textTokens } = batch.shape
      const { sample } = yield* model.run(transformerProgram(config, size, textTokens), batch.inputs)
      outputs.push(...samplesOf(batch, sample!))
    }
    return outputs
  }),
  cost: (size, texts) => {
    const { shape, batches } = plannedBatches(config, size, texts)
    const once = model.cost(transformerProgram(config, shape.size, shape.textTokens))
    return Effect.map(once, (cost) => timesCost(cost, batches))
  },
})

/** The texts of a call that go through the network together. */
export interface Batch {
  readonly shape: TransformerShape
  readonly inputs: Readonly<Record<string, HostTensor>>
}

/** The most tokens, of one text and its video, at which all texts of a call are one batch. */
const fewTokens = 1024

/**
 * Whether the texts of a call go through the network together or one after the other.
 *
 * Measured on two cores (AVX2), two batches of one against one batch of two: 1.26 times the time for the bundled model's 104 tokens
 * of 192 channels, where each operator's fixed cost counts; with 1920 channels 1.02 and 1.07 at 104 and 344 tokens, 0.96 and 1.01
 * at 1026 and 1986, with half the intermediate memory. Only the size decides, so that equal requests give equal bytes.
 */
const areOneBatch = (config: TransformerConfig, size: LatentSize, textTokens: number): boolean => {
  const { frames, height, width } = gridOf(config, size)
  return textTokens + frames * height * width <= fewTokens
}

/** The batches of a call. */
export const batchesOf = (config: TransformerConfig, input: PredictInput): ReadonlyArray<Batch> => {
  const textTokens = input.texts[0]!.length("tokens")
  const size = sizeOf(input)
  const batches = areOneBatch(config, size, textTokens) ? [input.texts] : input.texts.map((text) => [text])
  return batches.map((texts) => ({
    shape: { config, size: { ...size, batch: texts.length }, textTokens },
    inputs: networkInputs(config, { ...input, texts }),
  }))
}

/** The shape of each batch, and their number, for a call with `texts` texts of the greatest length. */
export const plannedBatches = (
  config: TransformerConfig,
  size: LatentSize,
  texts: number,
): { readonly shape: TransformerShape; readonly batches: number } => {
  const textTokens = config.max_text_seq_length
  const batch = areOneBatch(config, size, textTokens) ? texts : 1
  return { shape: { config, size: { ...size, batch }, textTokens }, batches: texts / batch }
}

export const sizeOf = ({ sample }: Pick<PredictInput, "sample">): LatentSize => ({
  frames: sample.length("frames"),
  height: sample.length("height"),
  width: sample.length("width"),
})

/** The second number that conditions 1.5 image-to-video; the reference always passes 2. */
const ofs = 2

/** The inputs of the transformer's program: the same latents for each text, with the image's channels after the sample's. */
const networkInputs = (
  config: TransformerConfig,
  { sample, image, texts, level }: PredictInput,
): Record<string, HostTensor> => {
  const B = texts.length
  const [, F, C, h, w] = sample.shape
  const latents = sample.contiguous().values()
  const condition = image?.contiguous().values()
  const hidden = new Float32Array(B * F * config.in_channels * h * w)
  const frame = C * h * w
  const stride = config.in_channels * h * w
  for (let at = 0; at < B * F; at++) {
    const from = (at % F) * frame
    hidden.set(latents.subarray(from, from + frame), at * stride)
    if (condition !== undefined) hidden.set(condition.subarray(from, from + frame), at * stride + frame)
  }
  const [, tokens, features] = texts[0]!.shape
  const text = new Float32Array(B * tokens * features)
  for (const [i, embeddings] of texts.entries()) text.set(embeddings.contiguous().values(), i * tokens * features)
  const constant = (x: number): HostTensor => ({ data: new Float32Array(B).fill(x), shape: [B] })
  return {
    hidden_states: { data: hidden, shape: [B, F, config.in_channels, h, w] },
    encoder_hidden_states: { data: text, shape: [B, tokens, features] },
    timestep: constant(level.timestep),
    ...(config.ofs_embed_dim === null ? {} : { ofs: constant(ofs) }),
  }
}

/** The network's output, text by text. */
export const samplesOf = ({ shape }: Batch, sample: HostTensor): ReadonlyArray<Float32Array> => {
  const { batch } = shape.size
  const data = sample.data as Float32Array
  const length = data.length / batch
  return Array.from({ length: batch }, (_, i) => data.subarray(i * length, (i + 1) * length))
}
