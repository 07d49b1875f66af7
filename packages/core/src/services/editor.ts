import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { EngineError, ModelError, PipelineError } from "./errors.ts"
import type { Latents } from "../tensor/tensor.ts"

/** One step of an edit, in the coordinates of rectified flow: x = (1 − σ) · clean + σ · noise. */
export interface EditStep {
  /** Clean latents of the source video. (1, frames, channels, height, width) */
  readonly source: Latents
  /** Clean latents of the edited video so far; the source before the first step. */
  readonly edited: Latents
  /** σ at this step and after it: 0 after the last one. */
  readonly sigma: number
  readonly nextSigma: number
  readonly index: number
  /** Steps of the whole edit. */
  readonly total: number
  /** Fresh normal noise of the latents' shape, from the run's random numbers. */
  readonly noise: () => Latents
  /** The velocity noise − clean that the network sees in a sample at `sigma`, for the source's or the target's prompt and guidance. */
  readonly velocity: (
    prompt: "source" | "target",
    sample: Latents,
  ) => Effect.Effect<Latents, EngineError | ModelError | PipelineError>
}

/** One algorithm that walks from a source video to an edited one without going through noise. */
export interface EditorShape {
  readonly name: string
  /** Evaluations of the network in a step, for estimates of time. Default 2. */
  readonly evaluationsPerStep?: number
  /** The edited latents after a step. */
  readonly step: (input: EditStep) => Effect.Effect<Latents, EngineError | ModelError | PipelineError>
}

const EditorBase: Context.ServiceClass<Editor, "@auteur/core/Editor", EditorShape> = Context.Service<
  Editor,
  EditorShape
>()("@auteur/core/Editor")
export class Editor extends EditorBase {}
