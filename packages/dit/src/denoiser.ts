import {
  Denoiser,
  type DenoiserInput,
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
import { Engine, type Model } from "@auteur/engine"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { type Answering, sizeOf } from "./answering.ts"
import { attentionAnswering } from "./cache/attention-answering.ts"
import type { AttentionCache } from "./cache/attention-cache.ts"
import { stepAnswering } from "./cache/step-answering.ts"
import type { StepCache } from "./cache/step-cache.ts"
import { checkTensors } from "./check-tensors.ts"
import type { TransformerConfig } from "./config.ts"
import { patchOf, trainedSize } from "./grid.ts"
import { type Lora, withLoras } from "./lora.ts"
import { refuseSize } from "./refuse-size.ts"
import { wholeAnswering } from "./whole-answering.ts"

/** A transformer's checkpoint and what it was trained to answer. */
export interface DenoiserOptions {
  readonly config: TransformerConfig
  readonly weights: Weights
  /** What is added to the weights; nothing by default. */
  readonly loras?: ReadonlyArray<Lora> | undefined
  /** What is reused from one call to the next of a run; nothing by default. */
  readonly cache?: StepCache | AttentionCache | undefined
  readonly process: NoiseProcess
  readonly prediction: PredictionType
  /** What messages and checkpoints call the model. Default `CogVideoX`. */
  readonly name?: string
}

/**
 * The expert transformer as the pipeline's denoiser.
 *
 * Fails with a {@link ModelError} when the checkpoint does not fit its config, or the config not the latent space.
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
    const answering = answeringWith(cache, model, config, name)
    const imageConditioned = config.in_channels !== config.out_channels
    const refuse: DenoiserShape["refuse"] = (size) => refuseSize(config, space, name, size)

    const denoise: DenoiserShape["denoise"] = Effect.fnUntraced(function* (input) {
      const problem = unusable(input, config, name) ?? refuse(sizeOf(input))
      if (problem !== undefined) return yield* new PipelineError({ message: problem })
      const outputs = yield* answering.answer(input)
      if (!outputs.every((output) => output.every(Number.isFinite))) {
        return yield* new PipelineError({
          message: `${name} answered with numbers that are not finite at timestep ${input.level.timestep}: check that its weights are not damaged and that the sampler's latents are finite.`,
        })
      }
      return outputs.map((output) => {
        const answer = Tensor.from("batch frames channels height width", input.sample.shape, output)
        return toPrediction(prediction, input.sample, input.level, answer)
      })
    })

    const cost: DenoiserShape["cost"] = Effect.fnUntraced(function* (size, texts) {
      const problem = refuse(size)
      if (problem !== undefined) return yield* new ModelError({ message: problem })
      return yield* answering.cost(size, texts)
    })

    return Denoiser.of({
      name,
      process,
      imageConditioned,
      patch: patchOf(config),
      trained: trainedSize(config),
      refuse,
      denoise,
      cost,
    })
  },
)

const checkSpace = (
  config: TransformerConfig,
  space: LatentSpaceShape,
  name: string,
): Effect.Effect<void, ModelError> =>
  config.out_channels === space.channels
    ? Effect.void
    : Effect.fail(
        new ModelError({
          message: `${name} makes latents of ${config.out_channels} channels, but the latent space "${space.name}" of the VAE has ${space.channels}: take the VAE that belongs to the transformer.`,
        }),
      )

const answeringWith = (
  cache: StepCache | AttentionCache | undefined,
  model: Model,
  config: TransformerConfig,
  name: string,
): Answering => {
  if (cache === undefined) return wholeAnswering(model, config)
  return cache.kind === "step"
    ? stepAnswering(model, config, cache, name)
    : attentionAnswering(model, config, cache, name)
}

/** Says what is wrong with an input, the size aside. */
const unusable = (input: DenoiserInput, config: TransformerConfig, name: string): string | undefined => {
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
  const tokens = config.use_learned_positional_embeddings ? config.max_text_seq_length : texts[0]?.length("tokens")
  const wanted = [1, tokens, config.text_embed_dim].join(", ")
  const odd = texts.find((text) => text.shape.join(", ") !== wanted)
  if (texts.length === 0) return `${name} was asked without a text: give it one, which may be empty.`
  return odd === undefined
    ? undefined
    : `${name} was given text embeddings of [${odd.shape.join(", ")}], but needs [${wanted}]: use the text encoder of its folder.`
}
