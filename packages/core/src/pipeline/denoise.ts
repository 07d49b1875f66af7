import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { componentName } from "../plugin/component-origin.ts"
import { Denoiser } from "../services/denoiser.ts"
import type { EngineError, ModelError, PipelineError } from "../services/errors.ts"
import { Guidance } from "../services/guidance.ts"
import { Sampler, type SamplerState } from "../services/sampler.ts"
import type { TextEncoder } from "../services/text-encoder.ts"
import type { VideoVae } from "../services/video-vae.ts"
import type { Latents } from "../tensor/tensor.ts"
import type { Checkpoint } from "./checkpoint.ts"
import { checkLatents, checkState, guardedSync } from "./component-error.ts"
import { decodePreview } from "./decode.ts"
import { edit } from "./edit.ts"
import { type RunTexts, withNegative } from "./encode-text.ts"
import type { Start } from "./initial-latents.ts"
import { stepsFrom } from "./plan.ts"
import { predict } from "./predict.ts"
import type { GenerateEvent, Run } from "./run.ts"

/** A place between two events: each is pulled by itself, so that a checkpoint is out before a preview is decoded. */
interface Cursor {
  readonly next: "step-start" | "step-end" | "preview"
  readonly state: SamplerState
  readonly texts: RunTexts
  /** The clean latents that the preview shows. */
  readonly clean?: Latents
}

/** The clean latents at the end of all steps. */
interface Denoised {
  readonly type: "denoised"
  readonly latents: Latents
}

/** Walks from the start to clean latents: the events of all steps, and at last the latents. */
export const denoiseSteps = <E>(
  run: Run<E>,
  texts: RunTexts,
  { state, image }: Start,
): Stream.Stream<
  GenerateEvent | Denoised,
  PipelineError | EngineError | ModelError | E,
  TextEncoder | Denoiser | Sampler | Guidance | VideoVae
> => {
  const { plan } = run
  const { beginIndex } = state
  const total = plan.schedule.levels.length - beginIndex
  const every = plan.request.previewEvery ?? 0
  const first: Cursor = { next: "step-start", state, texts }

  return Stream.paginate(
    first,
    Effect.fnUntraced(function* ({ next, state, texts, clean }) {
      if (next === "preview") {
        const image = yield* decodePreview(clean!, plan.size)
        const event: GenerateEvent = { type: "preview", index: state.index - 1 - beginIndex, image }
        return page(event, { next: "step-start", state, texts })
      }
      if (state.index >= plan.schedule.levels.length) {
        const end: Page = [[{ type: "denoised", latents: state.sample }], Option.none()]
        return end
      }
      const index = state.index - beginIndex
      if (next === "step-start") return page({ type: "step-start", index, total }, { next: "step-end", state, texts })
      // Components that never wait would otherwise keep timers and signals, and with them an interruption, from being heard.
      yield* Effect.yieldNow
      const at = `at step ${index + 1} of ${total}`
      const [duration, stepped] = yield* step(run, state, texts, image, at).pipe(
        Effect.withSpan("auteur.step", {
          attributes: {
            index,
            total,
            timestep: plan.schedule.levels[state.index]!.timestep,
            guidanceScale: texts.target.scale,
          },
        }),
        Effect.timed,
      )
      const seconds = Duration.toSeconds(duration)
      yield* Effect.logDebug(`Step ${index + 1} of ${total} took ${seconds.toFixed(2)} s.`)
      const changed = yield* afterStep(run, stepped.state, texts, { index, total })
      const checkpoint = yield* checkpointAt(run, changed.state, changed.texts.target.scale, image)
      const latents = changed.state.sample.copy()
      const event: GenerateEvent = { type: "step-end", index, total, seconds, latents, checkpoint }
      const previewed = every > 0 && (index + 1) % every === 0 && index + 1 < total
      return page(event, {
        ...changed,
        ...(previewed ? { next: "preview", clean: stepped.clean } : { next: "step-start" }),
      })
    }),
  )
}

type Page = readonly [ReadonlyArray<GenerateEvent | Denoised>, Option.Option<Cursor>]

const page = (event: GenerateEvent, next: Cursor): Page => [[event], Option.some(next)]

/** One step: the next state, and the clean latents that a preview shows. */
const step = Effect.fnUntraced(function* (
  run: Run<unknown>,
  state: SamplerState,
  texts: RunTexts,
  image: Latents | undefined,
  at: string,
) {
  const { plan, random, states, editor } = run
  if (editor !== undefined) {
    const next = yield* edit(editor, run, state, texts, at)
    return { state: next, clean: next.sample }
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
    steps: stepsFrom(state.beginIndex, plan.request.steps, plan.schedule),
    at,
  })
  const component = componentName("sampler", sampler, sampler.name)
  const next = yield* guardedSync(`${component} ${at}`, () => sampler.step(plan.schedule, state, prediction, random))
  yield* checkState(component, state, next, at)
  return { state: next, clean: prediction.clean }
})

/** The state and the texts after a step, with the changes that `onStepEnd` makes. */
const afterStep = Effect.fnUntraced(function* <E>(
  { options: { onStepEnd }, plan, given }: Run<E>,
  state: SamplerState,
  texts: RunTexts,
  { index, total }: { readonly index: number; readonly total: number },
) {
  if (onStepEnd === undefined) return { state, texts }
  const { scale } = texts.target
  const change = (yield* onStepEnd({ index, total, latents: state.sample.copy(), guidanceScale: scale })) ?? {}
  const { latents, guidanceScale = scale } = change
  if (latents !== undefined) yield* checkLatents("onStepEnd", state.sample, latents, `at step ${index + 1} of ${total}`)
  const target =
    guidanceScale === scale
      ? texts.target
      : yield* withNegative({ ...texts.target, scale: guidanceScale }, plan.request, given)
  return {
    state: latents === undefined ? state : { ...state, sample: latents.copy() },
    texts: { ...texts, target },
  }
})

/** The checkpoint after a step. Its latents are copied when it is looked at, as most are never. */
const checkpointAt = Effect.fnUntraced(function* (
  { plan, given, random, states, editor, options }: Run<unknown>,
  { sample, history, ...place }: SamplerState,
  guidanceScale: number,
  image: Latents | undefined,
) {
  const sampler = yield* Sampler
  let state: SamplerState | undefined
  const checkpoint: Checkpoint = {
    request: { ...plan.request, guidanceScale },
    modelHash: options.modelHash,
    denoiser: (yield* Denoiser).name,
    sampler: sampler.name,
    guidance: (yield* Guidance).name,
    editor: editor?.name,
    get state() {
      return (state ??= {
        ...place,
        sample: sample.copy(),
        history: Object.fromEntries(Object.entries(history).map(([name, latents]) => [name, latents?.copy()])),
      })
    },
    componentStates: { denoiser: new Map(states.denoiser), guidance: new Map(states.guidance) },
    random: random.save(),
    image,
    given,
  }
  return checkpoint
})
