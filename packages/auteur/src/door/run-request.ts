import {
  type Checkpoint,
  type GenerateError,
  type GenerateEvent,
  Guidance,
  type Latents,
  PipelineError,
  Tensor,
  TextEncoder,
  type Video,
  VideoWriter,
} from "@auteur/core"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { encodeRun, type SavedRun } from "../file/saved-run.ts"
import type { Components } from "../model/components.ts"
import { GeneratedVideo } from "./generated-video.ts"
import type { OnStepEnd, RequestOptions, StepChange } from "./options.ts"

type StepEndOfCore = Extract<GenerateEvent, { readonly type: "step-end" }>

/** An event of a run, in order. Events are for reading: what is written into their tensors changes nothing. */
export type VideoEvent =
  | Exclude<GenerateEvent, StepEndOfCore>
  /** A step is done. `checkpoint` gives the bytes from which `model.resume` continues after it. */
  | {
      readonly type: "step-end"
      readonly index: number
      readonly total: number
      readonly latents: Latents
      readonly checkpoint: () => Uint8Array
    }

/** A run that is ready to start. */
export interface ReadyRun extends Omit<SavedRun, "checkpoint"> {
  readonly events: Stream.Stream<GenerateEvent, GenerateError, Components>
  readonly components: Context.Context<Components>
  /** Latent frames at the start that only fill up a temporal patch. */
  readonly padding: number
  readonly notice: string | undefined
  /** The latents of a resumed run, of which no step may be left. */
  readonly latents: Latents | undefined
}

type Embeddings = Pick<RequestOptions, "promptEmbeddings" | "negativePromptEmbeddings">

/** Runs a request to its video, and tells each event once the step callback has seen it. */
export const runRequest: <E, R>(
  ready: Effect.Effect<ReadyRun, E, R>,
  options: Embeddings & { readonly onStepEnd?: OnStepEnd | undefined },
  onEvent: (event: VideoEvent) => void,
) => Effect.Effect<GeneratedVideo, E | GenerateError, R> = Effect.fnUntraced(function* <E, R>(
  ready: Effect.Effect<ReadyRun, E, R>,
  options: Embeddings & { readonly onStepEnd?: OnStepEnd | undefined },
  onEvent: (event: VideoEvent) => void,
) {
  const run = yield* ready
  const { record, padding, notice } = run
  let guidanceScale = record.guidanceScale
  let truncated: string | undefined
  let video: Video | undefined
  let { latents } = run

  const components = run.components.pipe(
    withEmbeddings(options, record),
    options.onStepEnd === undefined ? (context) => context : withScale(() => guidanceScale),
  )
  const follow = Effect.fnUntraced(function* (event: GenerateEvent) {
    if (event.type === "text-end") truncated = event.truncated
    if (event.type === "video-end") video = event.video
    if (event.type !== "step-end") return onEvent(event)
    const change = options.onStepEnd && (yield* callStepEnd(options.onStepEnd, event, guidanceScale))
    if (change?.latents !== undefined) yield* writeLatents(event, change.latents)
    if (change?.guidanceScale !== undefined)
      guidanceScale = yield* checkScale(change.guidanceScale, record.guidanceScale)
    latents = event.latents
    onEvent(stepEnd(event, { ...run, checkpoint: withRequestScale(event.checkpoint, guidanceScale) }))
  })
  yield* Effect.provideContext(Stream.runForEach(run.events, follow), components)
  const writer = Context.get(components, VideoWriter)
  const clean = latents!.slice("frames", padding, latents!.length("frames")).contiguous()
  return new GeneratedVideo({ tensor: video!, latents: clean, record, truncated, notice }, writer)
})

const stepEnd = ({ type, index, total, latents }: StepEndOfCore, run: SavedRun): VideoEvent => {
  let copy: Latents | undefined
  return {
    type,
    index,
    total,
    // Copied for those who look, as it is what the next step starts from.
    get latents() {
      return (copy ??= copyOf(latents))
    },
    checkpoint: () => encodeRun(run),
  }
}

const copyOf = (latents: Latents): Latents =>
  Tensor.from("batch frames channels height width", latents.shape, latents.contiguous().values().slice())

const callStepEnd = (
  onStepEnd: OnStepEnd,
  { index, total, latents }: StepEndOfCore,
  guidanceScale: number,
): Effect.Effect<StepChange | void, PipelineError> =>
  Effect.tryPromise({
    try: async () => onStepEnd({ index, total, latents: copyOf(latents), guidanceScale }),
    catch: (cause) =>
      new PipelineError({
        message: `onStepEnd failed after step ${index + 1} of ${total}: ${cause instanceof Error ? cause.message : String(cause)}`,
        cause,
      }),
  })

/** Writes latents into the state that the next step, and the checkpoint, start from. */
const writeLatents = ({ latents }: StepEndOfCore, changed: Latents): Effect.Effect<void, PipelineError> => {
  const isLatents = changed instanceof Tensor && changed.dtype === "float32"
  if (!isLatents || changed.shape.join() !== latents.shape.join()) {
    const found = isLatents ? `latents of [${changed.shape.join(", ")}]` : "a value that is not a float32 tensor"
    return Effect.fail(
      new PipelineError({
        message: `onStepEnd returned ${found}: it has to return latents of [${latents.shape.join(", ")}].`,
      }),
    )
  }
  return Effect.sync(() => latents.values().set(changed.contiguous().values()))
}

const checkScale = (scale: number, initial: number): Effect.Effect<number, PipelineError> => {
  if (!Number.isFinite(scale)) {
    return Effect.fail(new PipelineError({ message: `onStepEnd returned the guidanceScale ${scale}: give a number.` }))
  }
  if (initial > 1 || scale <= 1) return Effect.succeed(scale)
  return Effect.fail(
    new PipelineError({
      message: `onStepEnd returned the guidanceScale ${scale}, but the run started without guidance: start it with a guidanceScale above 1.`,
    }),
  )
}

const withRequestScale = (checkpoint: Checkpoint, guidanceScale: number): Checkpoint =>
  checkpoint.request.guidanceScale === guidanceScale
    ? checkpoint
    : { ...checkpoint, request: { ...checkpoint.request, guidanceScale } }

const withScale =
  (scale: () => number) =>
  (components: Context.Context<Components>): Context.Context<Components> => {
    const guidance = Context.get(components, Guidance)
    return Context.add(components, Guidance, {
      ...guidance,
      combine: (input) => guidance.combine({ ...input, scale: scale() }),
    })
  }

/** A text encoder that knows the embeddings of the prompts that are given with theirs. */
const withEmbeddings =
  ({ promptEmbeddings, negativePromptEmbeddings }: Embeddings, record: SavedRun["record"]) =>
  (components: Context.Context<Components>): Context.Context<Components> => {
    if (promptEmbeddings === undefined && negativePromptEmbeddings === undefined) return components
    const encoder = Context.get(components, TextEncoder)
    const given = new Map([
      [record.negativePrompt, negativePromptEmbeddings],
      [record.prompt, promptEmbeddings],
    ])
    return Context.add(components, TextEncoder, {
      ...encoder,
      encode: (text) => {
        const embeddings = given.get(text)
        return embeddings === undefined ? encoder.encode(text) : Effect.succeed({ embeddings, truncated: undefined })
      },
    })
  }
