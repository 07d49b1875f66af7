import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { predict } from "./predict.ts"
import { stepsFrom } from "./begin-step.ts"
import { checkState } from "./check-step.ts"
import type { Checkpoint } from "./checkpoint.ts"
import { decodePreview } from "./decode.ts"
import { Denoiser } from "../services/denoiser.ts"
import { edit } from "./edit.ts"
import type { EngineError, ModelError, PipelineError } from "../services/errors.ts"
import type { GenerateEvent } from "./events.ts"
import { Guidance } from "../services/guidance.ts"
import { guarded } from "./component-error.ts"
import { componentName } from "../plugin/component-origin.ts"
import type { Run, RunTexts } from "./run.ts"
import { Sampler, type SamplerState } from "../services/sampler.ts"
import type { Start } from "./start.ts"
import type { Latents } from "../tensor/tensor.ts"
import type { VideoVae } from "../services/video-vae.ts"

/** What is said next about a step: each event is pulled by itself, so that a checkpoint is out before a preview is decoded. */
type Cursor =
  | { readonly next: "step-start" | "step-end"; readonly state: SamplerState }
  | { readonly next: "preview"; readonly state: SamplerState; readonly clean: Latents }

/** Walks from the start to clean latents: the events of all steps. */
export const denoiseSteps = (
  run: Run,
  texts: RunTexts,
  start: Start,
): Stream.Stream<GenerateEvent, PipelineError | EngineError | ModelError, Denoiser | Sampler | Guidance | VideoVae> => {
  const { request, plan } = run
  const { beginIndex } = start.state
  const total = plan.schedule.levels.length - beginIndex
  const every = request.previewEvery ?? 0
  const first: Cursor = { next: "step-start", state: start.state }

  return Stream.paginate(
    first as Cursor,
    Effect.fnUntraced(function* (cursor) {
      const { state } = cursor
      if (cursor.next === "preview") {
        const image = yield* decodePreview(cursor.clean, plan.size)
        const event: GenerateEvent = { type: "preview", index: state.index - 1 - beginIndex, image }
        return page(event, { next: "step-start", state })
      }
      if (state.index >= plan.schedule.levels.length) return [[], Option.none()] as const
      const index = state.index - beginIndex
      if (cursor.next === "step-start") {
        return page({ type: "step-start", index, total }, { next: "step-end", state })
      }
      // Parts that never wait would otherwise keep timers and signals, and with them an interruption, from being heard.
      yield* Effect.yieldNow
      const at = `at step ${index + 1} of ${total}`
      const { next, clean } = yield* step(run, state, texts, start.image, at)
      const checkpoint = yield* toCheckpoint(run, next, start.image)
      const event: GenerateEvent = { type: "step-end", index, total, latents: next.sample, checkpoint }
      const previewed = every > 0 && (index + 1) % every === 0 && index + 1 < total
      return page(event, previewed ? { next: "preview", state: next, clean } : { next: "step-start", state: next })
    }),
  )
}

const page = (event: GenerateEvent, next: Cursor): readonly [ReadonlyArray<GenerateEvent>, Option.Option<Cursor>] => [
  [event],
  Option.some(next),
]

/** One step: the next state, and the clean latents that a preview shows. */
const step = Effect.fnUntraced(function* (
  run: Run,
  state: SamplerState,
  texts: RunTexts,
  image: Latents | undefined,
  at: string,
) {
  const { request, plan, random, states, editor } = run
  if (editor !== undefined) {
    const next = yield* edit(editor, run, state, texts, at)
    return { next, clean: next.sample }
  }
  const sampler = yield* Sampler
  const prediction = yield* predict({
    ...texts.target,
    sample: state.sample,
    level: plan.schedule.levels[state.index]!,
    process: sampler.process,
    image,
    states,
    index: state.index,
    last: state.index + 1 === plan.schedule.levels.length,
    steps: stepsFrom(state.beginIndex, request.steps, plan.schedule),
    at,
  })
  const part = componentName("sampler", sampler, sampler.name)
  const next = yield* guarded(`${part} ${at}`, () =>
    Effect.sync(() => sampler.step(plan.schedule, state, prediction, random)),
  )
  yield* checkState(part, state, next, at)
  return { next, clean: prediction.clean }
})

const toCheckpoint = Effect.fnUntraced(function* (
  { request, random, states, editor }: Run,
  state: SamplerState,
  image: Latents | undefined,
) {
  const denoiser = yield* Denoiser
  const sampler = yield* Sampler
  const guidance = yield* Guidance
  const checkpoint: Checkpoint = {
    request,
    denoiser: denoiser.name,
    sampler: sampler.name,
    guidance: guidance.name,
    editor: editor?.name,
    state,
    componentStates: { denoiser: new Map(states.denoiser), guidance: new Map(states.guidance) },
    random: random.save(),
    image,
  }
  return checkpoint
})
