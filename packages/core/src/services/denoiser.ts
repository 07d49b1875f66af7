import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { EngineError, ModelError, PipelineError } from "./errors.ts"
import type { Level, NoiseProcess, Prediction } from "../noise/noise-process.ts"
import type { ComponentState } from "./component-state.ts"
import type { Latents } from "../tensor/tensor.ts"
import type { TextEmbeddings } from "./text-encoder.ts"
import type { Cost } from "./cost.ts"

export interface PredictInput {
  /** (1, frames, channels, height, width), at `level` of the denoiser's own process. */
  readonly sample: Latents
  readonly level: Level
  /** The texts to predict with: one, or the conditional and the unconditional one of classifier-free guidance. */
  readonly texts: ReadonlyArray<TextEmbeddings>
  /** Image latents of image-to-video, of the sample's shape. */
  readonly image?: Latents | undefined
  /** Tensors that the network keeps from step to step of a run, such as a cache; without it, nothing is kept. */
  readonly state?: ComponentState | undefined
  /** Whether it is the last evaluation of its run, after which nothing needs to be kept. */
  readonly last?: boolean | undefined
}

/** The network: predicts the clean latents and the noise in a sample. */
export interface DenoiserShape {
  readonly name: string
  /** The process that the network was trained on. */
  readonly process: NoiseProcess
  /** Whether it takes image latents beside the sample. */
  readonly imageConditioned: boolean
  /** Lengths that latent frames, height and width must be multiples of. */
  readonly patch: { readonly frames: number; readonly height: number; readonly width: number }
  /** The size that it was trained at, in latents. */
  readonly trained: { readonly frames: number; readonly height: number; readonly width: number }
  /** Says why a latent size cannot be run, or `undefined` when it can. */
  readonly unsupported: (size: LatentSize) => string | undefined
  /** One prediction for each text. */
  readonly predict: (
    input: PredictInput,
  ) => Effect.Effect<ReadonlyArray<Prediction>, EngineError | ModelError | PipelineError>
  /** The cost of one call with `texts` texts at a latent size. */
  readonly cost: (size: LatentSize, texts: number) => Effect.Effect<Cost, ModelError>
}

const DenoiserBase: Context.ServiceClass<Denoiser, "@auteur/core/Denoiser", DenoiserShape> = Context.Service<
  Denoiser,
  DenoiserShape
>()("@auteur/core/Denoiser")
export class Denoiser extends DenoiserBase {}

/** Lengths of latents along time and space. */
export interface LatentSize {
  readonly frames: number
  readonly height: number
  readonly width: number
}
