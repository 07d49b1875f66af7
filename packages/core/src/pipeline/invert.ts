import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { changeProcess } from "../noise/noise-levels.ts"
import type { Level, NoiseProcess } from "../noise/noise-process.ts"
import { componentName } from "../plugin/component-origin.ts"
import type { Random } from "../random/random.ts"
import type { ComponentState } from "../services/component-state.ts"
import type { Denoiser } from "../services/denoiser.ts"
import type { EngineError, ModelError, PipelineError } from "../services/errors.ts"
import type { Guidance } from "../services/guidance.ts"
import type { InversionShape } from "../services/inversion.ts"
import { initialState, type SamplerState, type Schedule } from "../services/sampler.ts"
import type { Latents } from "../tensor/tensor.ts"
import { linearCombination } from "../tensor/tensor-arithmetic.ts"
import { checkState, guardedSync } from "./component-error.ts"
import type { GuidedText } from "./encode-text.ts"
import { checkSchedule, type RunPlan } from "./plan.ts"
import { predict } from "./predict.ts"
import type { GenerateEvent } from "./run.ts"

/** A walk from clean latents up to the level that a sampler begins at. */
export interface InversionPlan {
  readonly inversion: InversionShape
  readonly schedule: Schedule
  /** Turns a sample at the last level of the inversion's process into one of the sampler's. */
  readonly factor: number
}

const noNoise: Level = { alpha: 1, sigma: 0, timestep: 0 }

/** Plans the walk from clean latents to the first level of the run: the sampler's levels in reverse, each once. */
export const planInversion = (
  inversion: InversionShape,
  { schedule, beginIndex }: Pick<RunPlan, "schedule" | "beginIndex">,
  process: NoiseProcess,
): InversionPlan => {
  const wanted = schedule.levels.slice(beginIndex).toReversed()
  const levels = wanted.map((level) => changeProcess(process, inversion.process, level).level)
  const rising = [noNoise, ...levels].filter(({ sigma }, i, all) => i === 0 || sigma > all[i - 1]!.sigma)
  const { factor } = changeProcess(inversion.process, process, rising.at(-1)!)
  return { inversion, schedule: checkSchedule("inversion", inversion, inversion.schedule(rising)), factor }
}

/** Walks clean latents back to noise: the events on the way, and at last the noise. */
export const invert = (
  { inversion, schedule, factor }: InversionPlan,
  clean: Latents,
  text: GuidedText,
  random: Random,
): Stream.Stream<
  GenerateEvent | { readonly type: "inverted"; readonly noise: Latents },
  PipelineError | EngineError | ModelError,
  Denoiser | Guidance
> => {
  const total = schedule.levels.length
  const guidance: ComponentState = new Map()
  const component = componentName("inversion", inversion, inversion.name)
  const step = Effect.fnUntraced(function* (state: SamplerState) {
    // Components that never wait would otherwise keep timers and signals, and with them an interruption, from being heard.
    yield* Effect.yieldNow
    const at = `at step ${state.index + 1} of ${total} of the inversion`
    const prediction = yield* predict({
      ...text,
      sample: state.sample,
      level: schedule.levels[state.index]!,
      process: inversion.process,
      image: undefined,
      // A level may be evaluated again to correct an estimate, and a cache would give the first prediction once more.
      states: { denoiser: new Map(), guidance },
      index: state.index,
      steps: total,
      last: state.index + 1 === total,
      at,
    })
    const next = yield* guardedSync(`${component} ${at}`, () => inversion.step(schedule, state, prediction, random))
    yield* checkState(component, state, next, at)
    return next
  })
  return Stream.paginate(
    initialState(clean),
    Effect.fnUntraced(function* (state) {
      const next = yield* step(state)
      const event: GenerateEvent = { type: "inversion-progress", done: next.index, total }
      if (next.index < total) return [[event], Option.some(next)] as const
      const noise = factor === 1 ? next.sample : linearCombination([[factor, next.sample]])
      return [[event, { type: "inverted" as const, noise }], Option.none()] as const
    }),
  ).pipe(Stream.withSpan("auteur.invert", { attributes: { steps: total, inversion: inversion.name } }))
}
