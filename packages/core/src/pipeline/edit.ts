import * as Effect from "effect/Effect"
import { rectifiedFlow, velocityOf } from "../noise/noise-levels.ts"
import { componentName } from "../plugin/component-origin.ts"
import { normalLike } from "../random/random.ts"
import type { Denoiser } from "../services/denoiser.ts"
import type { EditorShape } from "../services/editor.ts"
import type { EngineError, ModelError, PipelineError } from "../services/errors.ts"
import type { Guidance } from "../services/guidance.ts"
import type { SamplerState } from "../services/sampler.ts"
import type { Latents } from "../tensor/tensor.ts"
import { checkLatents, guarded } from "./component-error.ts"
import type { RunTexts } from "./encode-text.ts"
import { predict } from "./predict.ts"
import type { Run } from "./run.ts"

/** The name that the latents of the source video have in the history of an edit's state. */
const source = "source"

/** The latents that an edit was made from; nothing in the state of a run that is not an edit. */
export const sourceOf = (state: SamplerState): Latents | undefined => state.history[source]

/** The state of an edit before its first step: the edited latents are the source's. */
export const editState = (latents: Latents, beginIndex: number): SamplerState => ({
  index: beginIndex,
  beginIndex,
  sample: latents,
  history: { [source]: latents },
})

/** One step of an editor: the next state, whose sample are the edited latents. */
export const edit: (
  editor: EditorShape,
  run: Pick<Run<unknown>, "plan" | "random">,
  state: SamplerState,
  texts: RunTexts,
  at: string,
) => Effect.Effect<SamplerState, PipelineError | EngineError | ModelError, Denoiser | Guidance> = Effect.fnUntraced(
  function* (editor, { plan, random }, state, texts, at) {
    const services = yield* Effect.context<Denoiser | Guidance>()
    const { levels } = plan.schedule
    const level = levels[state.index]!
    const total = levels.length - state.beginIndex
    const index = state.index - state.beginIndex
    const { sample: edited } = state
    const velocity = Effect.fnUntraced(function* (prompt: "source" | "target", sample: Latents) {
      const text = prompt === "source" ? texts.source! : texts.target
      // The samples of an edit do not follow one another as those of a sampler, so nothing is kept between them.
      const states = { denoiser: new Map(), guidance: new Map() }
      const input = { ...text, process: rectifiedFlow, level, sample, image: undefined, states }
      return velocityOf(yield* predict({ ...input, index, steps: total, last: true, at }))
    })
    const component = componentName("editor", editor, editor.name)
    const sample = yield* guarded(`${component} ${at}`, () =>
      editor.step({
        source: sourceOf(state)!,
        edited,
        sigma: level.sigma,
        nextSigma: levels[state.index + 1]?.sigma ?? 0,
        index,
        total,
        noise: () => normalLike(edited, random),
        velocity: (prompt, sample) => Effect.provide(velocity(prompt, sample), services),
      }),
    )
    yield* checkLatents(component, edited, sample, at)
    return { ...state, index: state.index + 1, sample }
  },
)
