import type { Cost, DenoiserInput, EngineError, LatentSize, ModelError, PipelineError } from "@auteur/core"
import type { HostTensor } from "@auteur/engine"
import type * as Effect from "effect/Effect"
import type { TransformerConfig } from "./config.ts"
import { networkInputs } from "./network-inputs.ts"
import { areOneBatch } from "./text-batch.ts"
import type { TransformerShape } from "./transformer.ts"

/** A way to have the transformer answer: whole, or with a cache. */
export interface Answering {
  /** The network's output for each text. */
  readonly answer: (
    input: DenoiserInput,
  ) => Effect.Effect<ReadonlyArray<Float32Array>, EngineError | ModelError | PipelineError>
  /** At most what one call with `texts` texts takes at a latent size that can be run. */
  readonly cost: (size: LatentSize, texts: number) => Effect.Effect<Cost, ModelError>
}

/** One run of the network: some of the texts. */
export interface NetworkRun {
  readonly shape: TransformerShape
  readonly inputs: Readonly<Record<string, HostTensor>>
}

export const sizeOf = ({ sample }: Pick<DenoiserInput, "sample">): LatentSize => ({
  frames: sample.length("frames"),
  height: sample.length("height"),
  width: sample.length("width"),
})

/** The runs that a call consists of: one of all texts, or one for each. */
export const runsOf = (config: TransformerConfig, input: DenoiserInput): ReadonlyArray<NetworkRun> => {
  const textTokens = input.texts[0]!.length("tokens")
  const size = sizeOf(input)
  const batches = areOneBatch(config, size, textTokens) ? [input.texts] : input.texts.map((text) => [text])
  return batches.map((texts) => ({
    shape: { config, size: { ...size, batch: texts.length }, textTokens },
    inputs: networkInputs(config, { ...input, texts }),
  }))
}

/** The shape of each run of a call with `texts` texts of the greatest length, and how many runs there are. */
export const plannedRuns = (
  config: TransformerConfig,
  size: LatentSize,
  texts: number,
): { readonly shape: TransformerShape; readonly runs: number } => {
  const textTokens = config.max_text_seq_length
  const batch = areOneBatch(config, size, textTokens) ? texts : 1
  return { shape: { config, size: { ...size, batch }, textTokens }, runs: texts / batch }
}

/** The network's output of a run, text by text. */
export const samplesOf = ({ shape }: NetworkRun, sample: HostTensor): ReadonlyArray<Float32Array> => {
  const { batch } = shape.size
  const data = sample.data as Float32Array
  const length = data.length / batch
  return Array.from({ length: batch }, (_, i) => data.subarray(i * length, (i + 1) * length))
}
