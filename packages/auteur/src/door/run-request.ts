import {
  type GenerateError,
  type GenerateEvent,
  type Latents,
  PipelineError,
  type RunOptions,
  type Video,
  VideoWriter,
} from "@auteur/core"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { encodeRun, type SavedRun } from "../file/saved-run.ts"
import type { Components } from "../model/components.ts"
import { modelIdentity } from "../video/video-record.ts"
import { GeneratedVideo } from "./generated-video.ts"
import type { OnStepEnd } from "./options.ts"

type StepEndOfCore = Extract<GenerateEvent, { readonly type: "step-end" }>

/** An event of a run, in order. Events are for reading: what is written into their latents changes nothing. */
export type VideoEvent =
  | Exclude<GenerateEvent, { readonly type: "step-end" }>
  /** A step is done. `checkpoint` gives the bytes from which `model.resume` continues after it. */
  | {
      readonly type: "step-end"
      readonly index: number
      readonly total: number
      /** Seconds that the step took. */
      readonly seconds: number
      readonly latents: Latents
      readonly checkpoint: () => Uint8Array
    }

/** A run that is ready to start. */
export interface ReadyRun extends Omit<SavedRun, "checkpoint"> {
  readonly events: (options: RunOptions<PipelineError>) => Stream.Stream<GenerateEvent, GenerateError, Components>
  readonly components: Context.Context<Components>
  /** Latent frames at the start that only fill up a temporal patch. */
  readonly padding: number
  readonly notice: string | undefined
  /** The latents of a resumed run, of which no step may be left. */
  readonly latents: Latents | undefined
}

/** Runs a request to its video, and tells each event once the step callback has seen it. */
export const runRequest: <E, R>(
  ready: Effect.Effect<ReadyRun, E, R>,
  onStepEnd: OnStepEnd | undefined,
  onEvent: (event: VideoEvent) => void,
) => Effect.Effect<GeneratedVideo, E | GenerateError, R> = Effect.fnUntraced(function* <E, R>(
  ready: Effect.Effect<ReadyRun, E, R>,
  onStepEnd: OnStepEnd | undefined,
  onEvent: (event: VideoEvent) => void,
) {
  const run = yield* ready
  const { components, record, padding, notice } = run
  let truncated: string | undefined
  let video: Video | undefined
  let { latents } = run

  const follow = (event: GenerateEvent) =>
    Effect.sync(() => {
      if (event.type === "text-end") truncated = event.truncated
      if (event.type === "video-end") video = event.video
      if (event.type !== "step-end") return onEvent(event)
      latents = event.checkpoint.state.sample
      onEvent(stepEnd(event, run))
    })
  const events = run.events({
    modelHash: modelIdentity(record),
    onStepEnd: onStepEnd === undefined ? undefined : callStepEnd(onStepEnd),
  })
  yield* Effect.provideContext(Stream.runForEach(events, follow), components)
  const writer = Context.get(components, VideoWriter)
  const clean = latents!.slice("frames", padding, latents!.length("frames")).contiguous()
  return new GeneratedVideo({ tensor: video!, latents: clean, record, truncated, notice }, writer)
})

const stepEnd = ({ checkpoint, ...event }: StepEndOfCore, run: Omit<SavedRun, "checkpoint">): VideoEvent => ({
  ...event,
  checkpoint: () => encodeRun({ ...run, checkpoint }),
})

const callStepEnd =
  (onStepEnd: OnStepEnd): NonNullable<RunOptions<PipelineError>["onStepEnd"]> =>
  (step) =>
    Effect.tryPromise({
      try: async () => onStepEnd(step),
      catch: (cause) =>
        new PipelineError({
          message: `onStepEnd failed after step ${step.index + 1} of ${step.total}: ${cause instanceof Error ? cause.message : String(cause)}`,
          cause,
        }),
    })
