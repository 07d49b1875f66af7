import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { predict, type GuidedText, type ComponentStates } from "./predict.ts"
import { checkSchedule } from "./check-plan.ts"
import { checkState } from "./check-step.ts"
import type { Denoiser } from "../services/denoiser.ts"
import type { EngineError, ModelError, PipelineError } from "../services/errors.ts"
import type { GenerateEvent } from "./events.ts"
import type { Guidance } from "../services/guidance.ts"
import type { InversionShape } from "../services/inversion.ts"
import { changeProcess } from "../noise/noise-levels.ts"
import type { Level, NoiseProcess } from "../noise/noise-process.ts"
import { guarded } from "./component-error.ts"
import { componentName } from "../plugin/component-origin.ts"
import type { Random } from "../random/random.ts"
import type { ComponentState } from "../services/component-state.ts"
import { type Schedule, initialState } from "../services/sampler.ts"
import type { Latents } from "../tensor/tensor.ts"
import { linearCombination } from "../tensor/tensor-arithmetic.ts"

/** A walk from clean latents up to the level that a sampler begins at. */
export interface InversionPlan {
  readonly inversion: InversionShape
  readonly schedule: Schedule
  /** What turns a sample at the last level of the inversion's process into one of the sampler's. */
  readonly factor: number
}

const noNoise: Level = { alpha: 1, sigma: 0, timestep: 0 }

/** Plans the way from clean latents to `steps.levels[begin]`: the sampler's levels turned round, each once. */
export const planInversion = (
  inversion: InversionShape,
  steps: Schedule,
  begin: number,
  process: NoiseProcess,
): InversionPlan => {
  const wanted = steps.levels.slice(begin).toReversed()
  const levels = wanted.map((level) => changeProcess(process, inversion.process, level).level)
  const rising = [noNoise, ...levels].filter(({ sigma }, i, all) => i === 0 || sigma > all[i - 1]!.sigma)
  const top = rising.at(-1)!
  const { factor } = changeProcess(inversion.process, process, top)
  return { inversion, schedule: checkSchedule("inversion", inversion, inversion.schedule(rising)), factor }
}

/** Walks clean latents back to noise: what is told on the way, and at last the noise. */
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
  const ofGuidance: ComponentState = new Map()
  const part = componentName("inversion", inversion, inversion.name)
  const step = Effect.fnUntraced(function* (state: ReturnType<typeof initialState>) {
    // Parts that never wait would otherwise keep timers and signals, and with them an interruption, from being heard.
    yield* Effect.yieldNow
    const at = `at step ${state.index + 1} of ${total} of the inversion`
    const level = schedule.levels[state.index]!
    // A level may be asked again, to correct what was found: a cache would answer as before.
    const states: ComponentStates = { denoiser: new Map(), guidance: ofGuidance }
    const where = { sample: state.sample, level, process: inversion.process, image: undefined, states, at }
    const prediction = yield* predict({
      ...where,
      ...text,
      index: state.index,
      steps: total,
      last: state.index + 1 === total,
    })
    const next = yield* guarded(`${part} ${at}`, () =>
      Effect.sync(() => inversion.step(schedule, state, prediction, random)),
    )
    yield* checkState(part, state, next, at)
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
  )
}
