import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { stepsFrom } from "./begin-step.ts"
import type { Checkpoint } from "./checkpoint.ts"
import { decodePreview } from "./decoding.ts"
import { Denoiser } from "./denoiser.ts"
import { type EngineError, type ModelError, PipelineError } from "./errors.ts"
import type { GenerateEvent } from "./events.ts"
import { Guidance } from "./guidance.ts"
import { matchLevel, sameProcess } from "./noise-levels.ts"
import type { Prediction } from "./noise-process.ts"
import { guarded } from "./part-failure.ts"
import type { Random } from "./random.ts"
import type { RunPlan } from "./run-plan.ts"
import { Sampler, type SamplerState } from "./sampler.ts"
import type { Start } from "./start.ts"
import type { Latents } from "./tensor.ts"
import { linearCombination } from "./tensor-arithmetic.ts"
import { allFinite } from "./tensor-statistics.ts"
import type { TextEmbeddings } from "./text-encoder.ts"
import type { VideoVae } from "./video-vae.ts"

/** A run of the pipeline: what was asked for, what it came to, and its random numbers. */
export interface Run {
  readonly request: Checkpoint["request"]
  readonly plan: RunPlan
  readonly random: Random
}

/** What is said next about a step: each event is pulled by itself, so that a checkpoint is out before a preview is decoded. */
type Cursor =
  | { readonly next: "step-start" | "step-end"; readonly state: SamplerState }
  | { readonly next: "preview"; readonly state: SamplerState; readonly clean: Latents }

/** Walks from the start to clean latents: the events of all steps. */
export const denoiseSteps = (
  run: Run,
  texts: ReadonlyArray<TextEmbeddings>,
  start: Start,
): Stream.Stream<GenerateEvent, PipelineError | EngineError | ModelError, Denoiser | Sampler | Guidance | VideoVae> => {
  const { request, plan } = run
  const { begin } = start.state
  const total = plan.steps.levels.length - begin
  const every = request.previewEvery ?? 0
  const first: Cursor = { next: "step-start", state: start.state }

  return Stream.paginate(
    first as Cursor,
    Effect.fnUntraced(function* (cursor) {
      const { state } = cursor
      if (cursor.next === "preview") {
        const image = yield* decodePreview(cursor.clean, plan.latents)
        const event: GenerateEvent = { type: "preview", index: state.index - 1 - begin, image }
        return page(event, { next: "step-start", state })
      }
      if (state.index >= plan.steps.levels.length) return [[], Option.none()] as const
      const index = state.index - begin
      if (cursor.next === "step-start") {
        return page({ type: "step-start", index, total }, { next: "step-end", state })
      }
      // Parts that never wait would otherwise keep timers and signals, and with them an interruption, from being heard.
      yield* Effect.yieldNow
      const at = `at step ${index + 1} of ${total}`
      const prediction = yield* predict(run, state, texts, start.image, at)
      const next = yield* step(run, state, prediction, at)
      const checkpoint = yield* toCheckpoint(run, next, start.image)
      const event: GenerateEvent = { type: "step-end", index, total, latents: next.sample, checkpoint }
      const previewed = every > 0 && (index + 1) % every === 0 && index + 1 < total
      return page(
        event,
        previewed ? { next: "preview", state: next, clean: prediction.clean } : { next: "step-start", state: next },
      )
    }),
  )
}

const page = (event: GenerateEvent, next: Cursor): readonly [ReadonlyArray<GenerateEvent>, Option.Option<Cursor>] => [
  [event],
  Option.some(next),
]

/** Asks the network at the state's level, in the network's own process, and applies the guidance. */
const predict = Effect.fnUntraced(function* (
  { request, plan }: Run,
  state: SamplerState,
  texts: ReadonlyArray<TextEmbeddings>,
  image: Latents | undefined,
  at: string,
) {
  const denoiser = yield* Denoiser
  const sampler = yield* Sampler
  const guidance = yield* Guidance
  const asked = plan.steps.levels[state.index]!
  const { level, factor } = sameProcess(sampler.process, denoiser.process)
    ? { level: asked, factor: 1 }
    : matchLevel(denoiser.process, asked)
  const sample = factor === 1 ? state.sample : linearCombination([[factor, state.sample]])

  const model = `The model "${denoiser.name}"`
  const answers = yield* guarded(`${model} ${at}`, denoiser.denoise({ sample, level, texts, image }))
  if (answers.length !== texts.length) {
    return yield* new PipelineError({
      message: `${model} gave ${answers.length} answers to ${texts.length} texts ${at}: it has to give one for each.`,
    })
  }
  for (const answer of answers) yield* checkPrediction(model, answer, sample, at)
  const [conditional, unconditional] = answers as readonly [Prediction, Prediction?]
  if (unconditional === undefined) return conditional

  const combined = yield* guarded(
    `The guidance "${guidance.name}" ${at}`,
    Effect.sync(() =>
      guidance.combine({
        conditional,
        unconditional,
        scale: request.guidance,
        timestep: level.timestep,
        index: state.index,
        steps: stepsFrom(state.begin, request.steps, plan.steps),
      }),
    ),
  )
  yield* checkPrediction(`The guidance "${guidance.name}"`, combined, sample, at)
  return combined
})

const checkPrediction = Effect.fnUntraced(function* (
  part: string,
  { clean, noise }: Prediction,
  sample: Latents,
  at: string,
) {
  for (const [name, answer] of [
    ["clean latents", clean],
    ["noise", noise],
  ] as const) {
    if (answer.shape.join() !== sample.shape.join()) {
      return yield* new PipelineError({
        message: `${part} answered ${at} with ${name} of [${answer.shape.join(", ")}] to a sample of [${sample.shape.join(", ")}]: the two have to be alike.`,
      })
    }
    if (!allFinite(answer.contiguous())) {
      return yield* new PipelineError({
        message: `${part} answered ${at} with values that are not finite in its ${name}: check its weights and its settings, or run it at a higher precision.`,
      })
    }
  }
})

const step = Effect.fnUntraced(function* (
  { plan, random }: Run,
  state: SamplerState,
  prediction: Prediction,
  at: string,
) {
  const sampler = yield* Sampler
  const part = `The sampler "${sampler.name}"`
  const next = yield* guarded(
    `${part} ${at}`,
    Effect.sync(() => sampler.step(plan.steps, state, prediction, random)),
  )
  if (next.index !== state.index + 1 || next.begin !== state.begin) {
    return yield* new PipelineError({
      message: `${part} went from place ${state.index} of a run begun at ${state.begin} to place ${next.index} of one begun at ${next.begin}: a step has to go one place on.`,
    })
  }
  if (next.sample.shape.join() !== state.sample.shape.join()) {
    return yield* new PipelineError({
      message: `${part} made latents of [${next.sample.shape.join(", ")}] out of [${state.sample.shape.join(", ")}] ${at}: a step has to keep the shape.`,
    })
  }
  if (!allFinite(next.sample.contiguous())) {
    return yield* new PipelineError({
      message: `${part} made numbers that are not finite ${at}: use more steps or another sampler.`,
    })
  }
  return next
})

const toCheckpoint = Effect.fnUntraced(function* (
  { request, random }: Run,
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
    state,
    random: random.save(),
    image,
  }
  return checkpoint
})
