import * as Context from "effect/Context"
import type { Level, NoiseProcess, Prediction } from "../noise/noise-process.ts"
import type { ComponentState } from "./component-state.ts"

export interface GuidanceInput {
  readonly conditional: Prediction
  readonly unconditional: Prediction
  /** The guidance scale of the request. */
  readonly scale: number
  /** The level of the sample on the network's own process: the sample is alpha · clean + sigma · noise of either prediction. */
  readonly level: Level
  /** The network's own process. */
  readonly process: NoiseProcess
  readonly index: number
  /** Steps of the run; fewer than requested where it starts from a video. */
  readonly steps: number
  /** Tensors that the guidance keeps from step to step of a run, such as a moving average. */
  readonly state: ComponentState
}

/** One way to combine the predictions with and without the prompt. */
export interface GuidanceShape {
  readonly name: string
  /** Whether a scale needs the prediction without the prompt. */
  readonly usesUnconditional: (scale: number) => boolean
  readonly combine: (input: GuidanceInput) => Prediction
  /**
   * Whether two equal predictions combine to themselves, as the laws of a guidance demand. False for a method that departs from that on
   * purpose, such as the zero-init of CFG-Zero* (arXiv 2503.18886). Default true.
   */
  readonly keepsEqualPredictions?: boolean
}

const GuidanceBase: Context.ServiceClass<Guidance, "@auteur/core/Guidance", GuidanceShape> = Context.Service<
  Guidance,
  GuidanceShape
>()("@auteur/core/Guidance")
export class Guidance extends GuidanceBase {}
