import * as Context from "effect/Context"
import type { Level, NoiseProcess, Prediction } from "../noise/noise-process.ts"
import type { ComponentState } from "./component-state.ts"

export interface GuidanceInput {
  readonly conditional: Prediction
  readonly unconditional: Prediction
  /** The strength that the request asks for. */
  readonly scale: number
  /** Where the network was asked, in its own process: the sample is alpha · clean + sigma · noise of either answer. */
  readonly level: Level
  /** The network's own process. */
  readonly process: NoiseProcess
  readonly index: number
  /** Steps from the run's beginning to its end; fewer than asked for where it begins at a video. */
  readonly steps: number
  /** What the guidance keeps from step to step of a run, such as a moving average. */
  readonly state: ComponentState
}

/** How the answers with and without the prompt become one. */
export interface GuidanceShape {
  readonly name: string
  /** Whether the network has to be asked without the prompt too. */
  readonly usesUnconditional: (scale: number) => boolean
  readonly combine: (input: GuidanceInput) => Prediction
}

const GuidanceBase: Context.ServiceClass<Guidance, "@auteur/core/Guidance", GuidanceShape> = Context.Service<
  Guidance,
  GuidanceShape
>()("@auteur/core/Guidance")
export class Guidance extends GuidanceBase {}
