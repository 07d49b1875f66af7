import * as Effect from "effect/Effect"
import { predict, type ComponentStates } from "./predict.ts"
import { checkLatents } from "./check-step.ts"
import type { Denoiser } from "../services/denoiser.ts"
import type { EditorShape } from "../services/editor.ts"
import type { EngineError, ModelError, PipelineError } from "../services/errors.ts"
import type { Guidance } from "../services/guidance.ts"
import { changeProcess, rectifiedFlow, velocityOf } from "../noise/noise-levels.ts"
import type { NoiseProcess } from "../noise/noise-process.ts"
import { normalLike } from "../random/normal-like.ts"
import { guarded } from "./component-error.ts"
import { componentName } from "../plugin/component-origin.ts"
import type { Run, RunTexts } from "./run.ts"
import type { Schedule, SamplerState } from "../services/sampler.ts"
import type { Latents } from "../tensor/tensor.ts"

/** The levels that a sampler visits, in the coordinates of rectified flow, each once: where an editor asks. */
export const editSchedule = (schedule: Schedule, process: NoiseProcess): Schedule => {
  const levels = schedule.levels.map((level) => changeProcess(process, rectifiedFlow, level).level)
  return { levels: levels.filter(({ sigma }, i) => i === 0 || sigma < levels[i - 1]!.sigma) }
}

/** The name that the source's latents have in the memory of an edit's state. */
const source = "source"

/** What an edit was made from; nothing in a state that is none of an edit's. */
export const sourceOf = (state: SamplerState): Latents | undefined => state.history[source]

/** An edit before its first step: the edited latents are the source's. */
export const editStart = (latents: Latents, beginIndex: number): SamplerState => ({
  index: beginIndex,
  beginIndex,
  sample: latents,
  history: { [source]: latents },
})

/** One step of an editor: the next state, whose sample are the edited latents. */
export const edit: (
  editor: EditorShape,
  run: Run,
  state: SamplerState,
  prompts: RunTexts,
  at: string,
) => Effect.Effect<SamplerState, PipelineError | EngineError | ModelError, Denoiser | Guidance> = Effect.fnUntraced(
  function* (editor, { plan, random }, state, prompts, at) {
    const parts = yield* Effect.context<Denoiser | Guidance>()
    const { levels } = plan.schedule
    const level = levels[state.index]!
    const { sigma } = level
    const total = levels.length - state.beginIndex
    const index = state.index - state.beginIndex
    const velocity = Effect.fnUntraced(function* (prompt: "source" | "target", sample: Latents) {
      // The samples of an edit do not follow one another as those of a sampler, so that nothing is kept between them.
      const states: ComponentStates = { denoiser: new Map(), guidance: new Map() }
      const where = {
        process: rectifiedFlow,
        level,
        sample,
        image: undefined,
        states,
        index,
        steps: total,
        last: true,
        at,
      }
      return velocityOf(yield* predict({ ...where, ...(prompt === "source" ? prompts.source! : prompts.target) }))
    })
    const { sample } = state
    const part = componentName("editor", editor, editor.name)
    const edited = yield* guarded(`${part} ${at}`, () =>
      editor.step({
        source: sourceOf(state)!,
        edited: sample,
        sigma,
        nextSigma: levels[state.index + 1]?.sigma ?? 0,
        index,
        total,
        noise: () => normalLike(sample, random),
        velocity: (prompt, asked) => Effect.provide(velocity(prompt, asked), parts),
      }),
    )
    yield* checkLatents(part, sample, edited, at)
    const next: SamplerState = { ...state, index: state.index + 1, sample: edited }
    return next
  },
)
