import * as Context from "effect/Context"
import type { Level, NoiseProcess, Prediction } from "../noise/noise-process.ts"
import type { Random } from "../random/random.ts"
import type { Latents } from "../tensor/tensor.ts"

/** The levels of a run: the network is evaluated once at each, in order. */
export interface Schedule {
  readonly levels: ReadonlyArray<Level>
  /** The level that the last step reaches; clean latents by default. */
  readonly end?: Level
  /** Whether the request gives the levels. Each step then leads to the next of them, also where the sampler would go elsewhere by itself. */
  readonly given?: boolean
}

/** The state of a run between two steps: plain tensors and numbers, so that it can be saved after any step. */
export interface SamplerState {
  /** Steps done, counted from the start of the schedule. */
  readonly index: number
  /** The step that the run began at: 0, or later for video-to-video. */
  readonly beginIndex: number
  /** The sample at `schedule.levels[index]`. */
  readonly sample: Latents
  /** Tensors that a multistep method keeps of earlier steps, by names of its own. */
  readonly history: Readonly<Record<string, Latents | undefined>>
}

/** One algorithm that walks from noise to clean latents; an immutable value. */
export interface SamplerShape {
  readonly name: string
  /** The process in whose coordinates the sampler steps. */
  readonly process: NoiseProcess
  readonly schedule: (steps: number) => Schedule
  /** The next state, from the prediction at the current one. Draws from `random` if the method is stochastic. */
  readonly step: (schedule: Schedule, state: SamplerState, prediction: Prediction, random: Random) => SamplerState
}

const SamplerBase: Context.ServiceClass<Sampler, "@auteur/core/Sampler", SamplerShape> = Context.Service<
  Sampler,
  SamplerShape
>()("@auteur/core/Sampler")
export class Sampler extends SamplerBase {}

/** The state at the start of a run, or at step `beginIndex` of one. */
export const initialState = (sample: Latents, beginIndex = 0): SamplerState => ({
  index: beginIndex,
  beginIndex,
  sample,
  history: {},
})
