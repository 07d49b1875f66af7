import * as Context from "effect/Context"
import type { Level, NoiseProcess } from "../noise/noise-process.ts"
import type { Schedule, SamplerShape } from "./sampler.ts"

/** One algorithm that walks the other way, from clean latents to the noise that a sampler makes them of; an immutable value. */
export interface InversionShape {
  readonly name: string
  /** The process in whose coordinates the inversion steps. */
  readonly process: NoiseProcess
  /**
   * The schedule of the way up.
   *
   * `levels` rise in the inversion's own process, from clean latents to the level that is to be reached: the sampler's levels in reverse.
   */
  readonly schedule: (levels: ReadonlyArray<Level>) => Schedule
  /** As a sampler's: the next state, from the prediction at the current one. */
  readonly step: SamplerShape["step"]
}

const InversionBase: Context.ServiceClass<Inversion, "@auteur/core/Inversion", InversionShape> = Context.Service<
  Inversion,
  InversionShape
>()("@auteur/core/Inversion")
export class Inversion extends InversionBase {}
