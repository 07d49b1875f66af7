import type * as Effect from "effect/Effect"
import type { Random } from "../random/random.ts"
import type { ComponentStates } from "../services/component-state.ts"
import type { Denoiser } from "../services/denoiser.ts"
import type { EditorShape } from "../services/editor.ts"
import type { Guidance } from "../services/guidance.ts"
import type { Sampler } from "../services/sampler.ts"
import type { TextEmbeddings, TextEncoder } from "../services/text-encoder.ts"
import type { Pixels, VideoVae } from "../services/video-vae.ts"
import type { Latents, Video } from "../tensor/tensor.ts"
import type { Checkpoint } from "./checkpoint.ts"
import type { GivenEmbeddings } from "./pipeline-request.ts"
import type { RunPlan } from "./plan.ts"

/** The components that all runs need. */
export type Components = TextEncoder | Denoiser | VideoVae | Sampler | Guidance

/** Settings of a run that no request holds. */
export interface RunOptions<E = never> {
  /**
   * Identifies the model, such as by a hash of its files; checkpoints keep it. A run is resumed only by a model of the same hash,
   * whatever its name; where no hash is given, by one of the same name.
   */
  readonly modelHash?: string | undefined
  /** Called after each step, before its event: what it gives is used from there on. */
  readonly onStepEnd?: ((step: StepEnd) => Effect.Effect<StepChange | void, E>) | undefined
}

/** A step that is done, for {@link RunOptions.onStepEnd}. */
export interface StepEnd {
  /** Counted from 0. */
  readonly index: number
  /** The number of steps. */
  readonly total: number
  /** A copy of the latents after the step. (1, frames, channels, height, width) */
  readonly latents: Latents
  /** The scale of guidance of the next step, unless it is changed. */
  readonly guidanceScale: number
}

/** Changes of a run after a step. */
export interface StepChange {
  /** In place of the step's latents, of the same shape. */
  readonly latents?: Latents | undefined
  /** The scale of guidance from the next step on. */
  readonly guidanceScale?: number | undefined
}

/** A run of the pipeline: its plan, its random numbers, and what its components keep. */
export interface Run<E = never> {
  readonly plan: RunPlan
  readonly given: GivenEmbeddings
  readonly random: Random
  readonly states: ComponentStates
  /** The editor that makes the steps in place of the sampler, where the run is an edit. */
  readonly editor: EditorShape | undefined
  readonly options: RunOptions<E>
}

/**
 * Events of a run, in order.
 *
 * A consumer that writes into their tensors does not change the run: to do that, see {@link RunOptions.onStepEnd}.
 */
export type GenerateEvent =
  /** The prompts are encoded; `truncated` is the end of the prompt that did not fit. */
  | {
      readonly type: "text-end"
      readonly truncated: string | undefined
      readonly promptEmbeddings: TextEmbeddings
      /** Only where guidance uses the negative prompt. */
      readonly negativePromptEmbeddings: TextEmbeddings | undefined
    }
  /** The start "inversion" has walked the source video `done` of `total` steps back to noise. */
  | { readonly type: "inversion-progress"; readonly done: number; readonly total: number }
  /** Step `index` of `total`, counted from 0, starts. */
  | { readonly type: "step-start"; readonly index: number; readonly total: number }
  /** A step is done, after `seconds`. `checkpoint` continues after it; of the last one, only the decoding is left. */
  | {
      readonly type: "step-end"
      readonly index: number
      readonly total: number
      readonly seconds: number
      readonly latents: Latents
      readonly checkpoint: Checkpoint
    }
  /** The first frame of the network's present estimate of the result. (1, 1, height, width, 3) */
  | { readonly type: "preview"; readonly index: number; readonly image: Video }
  /** Frames are decoded: `frames` are the new ones and `pixels` the same before rounding; `done` of `total` are there. */
  | {
      readonly type: "decode-progress"
      readonly frames: Video
      readonly pixels: Pixels
      readonly done: number
      readonly total: number
    }
  /** The result. */
  | { readonly type: "video-end"; readonly video: Video }
