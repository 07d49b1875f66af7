import {
  Denoiser,
  type PredictInput,
  type DenoiserShape,
  LatentSpace,
  type LatentSpaceShape,
  ModelError,
  type NoiseProcess,
  PipelineError,
  type PredictionType,
  Tensor,
  toPrediction,
  type Weights,
} from "@auteur/core"
import { checkWeights, Engine, type Model } from "@auteur/engine"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { attentionCacheForward } from "./cache/attention-cache-forward.ts"
import type { AttentionCache, StepCache } from "./cache/cache.ts"
import { stepCacheForward } from "./cache/step-cache-forward.ts"
import type { TransformerConfig } from "./config.ts"
import { type Forward, sizeOf, wholeForward } from "./forward.ts"
import { patchOf, refuseSize, sampleSize, trainedSize } from "./grid.ts"
import { type Lora, withLoras } from "./lora/lora.ts"
import { transformerProgram } from "./transformer.ts"

/** A transformer's checkpoint, and the process that it was trained on. */
export interface DenoiserOptions {
  readonly config: TransformerConfig
  readonly weights: Weights
  /** LoRA weights, which are added to the checkpoint's; none by default. */
  readonly loras?: ReadonlyArray<Lora> | undefined
  /** Reuses what earlier steps of a run computed; no cache by default. */
  readonly cache?: StepCache | AttentionCache | undefined
  readonly process: NoiseProcess
  readonly prediction: PredictionType
  /** The model's name in messages and checkpoints. Default `CogVideoX`. */
  readonly name?: string
}

/**
 * The expert transformer as the pipeline's denoiser.
 *
 * Fails with a {@link ModelError} when the checkpoint does not fit its config, or the config does not fit the latent space.
 */
export const layer = (options: DenoiserOptions): Layer.Layer<Denoiser, ModelError, Engine | LatentSpace<"cogvideox">> =>
  Layer.effect(Denoiser, make(options))

const make: (
  options: DenoiserOptions,
) => Effect.Effect<DenoiserShape, ModelError, Engine | LatentSpace<"cogvideox"> | Scope.Scope> = Effect.fnUntraced(
  function* ({ config, weights, loras = [], cache, process, prediction, name = "CogVideoX" }) {
    const engine = yield* Engine
    const space = yield* LatentSpace("cogvideox")
    yield* checkSpace(config, space, name)
    yield* checkTensors(config, weights)
    const model = yield* engine.open(yield* withLoras(weights, loras))
    const forward = forwardOf(model, config, cache, name)
    const unsupported: DenoiserShape["unsupported"] = (size) => refuseSize(config, space, name, size)

    const predict: DenoiserShape["predict"] = Effect.fnUntraced(function* (input) {
      const problem = problemOf(input, config, name) ?? unsupported(sizeOf(input))
      if (problem !== undefined) return yield* new PipelineError({ message: problem })
      const outputs = yield* forward.predict(input)
      if (!outputs.every((output) => output.every(Number.isFinite))) {
        return yield* new PipelineError({
          message: `${name} predicted numbers that are not finite at timestep ${input.level.timestep}: check that its weights are not damaged and that the sampler's latents are finite.`,
        })
      }
      return outputs.map((output) => {
        const { sample, level } = input
        const latents = Tensor.from("batch frames channels height width", sample.shape, output)
        return toPrediction(prediction, sample, level, latents)
      })
    })

    const cost: DenoiserShape["cost"] = Effect.fnUntraced(function* (size, texts) {
      const problem = unsupported(size)
      if (problem !== undefined) return yield* new ModelError({ message: problem })
      return yield* forward.cost(size, texts)
    })

    return Denoiser.of({
      name,
      process,
      imageConditioned: config.in_channels !== config.out_channels,
      patch: patchOf(config),
      trained: trainedSize(config),
      unsupported,
      predict,
      cost,
    })
  },
)

const forwardOf = (
  model: Model,
  config: TransformerConfig,
  cache: StepCache | AttentionCache | undefined,
  name: string,
): Forward => {
  if (cache === undefined) return wholeForward(model, config)
  return cache.kind === "step"
    ? stepCacheForward(model, config, cache, name)
    : attentionCacheForward(model, config, cache, name)
}

const checkSpace = (
  config: TransformerConfig,
  space: LatentSpaceShape,
  name: string,
): Effect.Effect<void, ModelError> =>
  config.out_channels === space.channels
    ? Effect.void
    : Effect.fail(
        new ModelError({
          message: `${name} makes latents of ${config.out_channels} channels, but the latent space "${space.name}" of the VAE has ${space.channels}: use the VAE that belongs to the transformer.`,
        }),
      )

/** Checks a checkpoint against its config without running it; the {@link ModelError} names the first tensor that does not fit. */
export const checkTensors = (config: TransformerConfig, weights: Weights): Effect.Effect<void, ModelError> => {
  // Every size reads the same tensors, so the smallest will do; learned positions are for one size only.
  const size = config.use_learned_positional_embeddings ? sampleSize(config) : patchOf(config)
  const program = transformerProgram(config, { ...size, batch: 1 }, config.max_text_seq_length)
  return checkWeights("transformer", [program], weights)
}

/** Says what is wrong with an input, apart from its size. */
const problemOf = (input: PredictInput, config: TransformerConfig, name: string): string | undefined => {
  const { sample, texts, image } = input
  if (sample.length("batch") !== 1 || sample.length("channels") !== config.out_channels) {
    return `${name} was given latents of [${sample.shape.join(", ")}]; their batch has to be 1 and their channels ${config.out_channels}.`
  }
  if (config.in_channels === config.out_channels && image !== undefined) {
    return `${name} takes no image latents: use an image-to-video model, or leave the image out.`
  }
  if (config.in_channels !== config.out_channels && image?.shape.join() !== sample.shape.join()) {
    const found = image === undefined ? "none were given" : `[${image.shape.join(", ")}] was given`
    return `${name} needs image latents of the sample's shape [${sample.shape.join(", ")}], but ${found}.`
  }
  if (texts.length === 0) return `${name} was given no text embeddings: give it those of one text, which may be empty.`
  const tokens = config.use_learned_positional_embeddings ? config.max_text_seq_length : texts[0]?.length("tokens")
  const wanted = [1, tokens, config.text_embed_dim].join(", ")
  const odd = texts.find((text) => text.shape.join(", ") !== wanted)
  return odd === undefined
    ? undefined
    : `${name} was given text embeddings of [${odd.shape.join(", ")}], but needs [${wanted}]: use the text encoder of its folder.`
}
