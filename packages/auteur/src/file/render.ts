import { type Checkpoint, type GenerateEvent, type MediaError, type RequestError, VideoWriter } from "@auteur/core"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { checkpointFile, type ResumedFile } from "./checkpoint-file.ts"
import { encodeRun, type SavedFile } from "./saved-run.ts"
import { toMetadata } from "../video/video-record.ts"

/** A video whose work ended before it was finished. */
export interface UnfinishedVideo {
  readonly interrupted: boolean
  /** The file to resume from; none when no step was done, or when it could not be written. */
  readonly checkpoint: string | undefined
}

export interface RenderOptions extends Omit<SavedFile, "checkpoint"> {
  /** The checkpoint file that the work continues from. */
  readonly resumed?: ResumedFile | undefined
  /** Called with a sentence when progress cannot be saved: the work goes on. */
  readonly onNotice?: ((notice: string) => Effect.Effect<void>) | undefined
  /** Called with each event before the work goes on. */
  readonly onEvent?: ((event: GenerateEvent) => Effect.Effect<void>) | undefined
  /** Called when the work is interrupted or fails, after its checkpoint is saved and before the engine is closed. */
  readonly onUnfinished?: ((video: UnfinishedVideo) => Effect.Effect<void>) | undefined
}

const saveEveryMilliseconds = 10_000
// Frames are decoded while the ones before are written; more than one chunk ahead would only take memory.
const chunksAhead = 1

/**
 * Runs a generation into a video file. The file appears whole or not at all; when the work is interrupted or fails after a step,
 * its checkpoint is left beside it, and it is saved every ten seconds and before decoding, so that a killed process loses little.
 * The checkpoints of other runs are left alone. It gives the path of the video.
 */
export const renderVideo = <E, R>(
  events: Stream.Stream<GenerateEvent, E, R>,
  { resumed, onEvent = nothing, onNotice = nothing, onUnfinished = nothing, ...run }: RenderOptions,
): Effect.Effect<string, E | MediaError | RequestError, R | VideoWriter> =>
  Effect.gen(function* () {
    const { output, exclusive = false, record } = run
    const { fps, upscale, frames, width, height } = record
    const format = { fps, upscale, metadata: toMetadata(record) }
    const writer = yield* VideoWriter
    yield* writer.check(output, { ...format, frames, width, height })

    const file = checkpointFile(output, resumed)
    let isTold = false
    let last: Checkpoint | undefined
    let saved: Checkpoint | undefined
    let savedAt = yield* Clock.currentTimeMillis
    // Not left half done: the process may end right after an interruption.
    const save = Effect.uninterruptible(
      Effect.suspend(() => {
        if (last === undefined || last === saved) return Effect.void
        const checkpoint = last
        return Effect.map(file.write(encodeRun({ ...run, checkpoint })), () => {
          saved = checkpoint
        })
      }),
    )
    // A full disk may have space again when the video is written, and the steps that are done are not given up for it.
    const saveOrTell = save.pipe(
      Effect.catch(({ message }) => {
        if (isTold) return Effect.void
        isTold = true
        return onNotice(`${message} Until then, progress is not saved.`)
      }),
    )
    const keep = Effect.fnUntraced(function* (event: GenerateEvent) {
      if (event.type === "step-end") {
        last = event.checkpoint
        const now = yield* Clock.currentTimeMillis
        if (now - savedAt >= saveEveryMilliseconds || event.index + 1 === event.total) {
          yield* saveOrTell
          savedAt = now
        }
      }
      yield* onEvent(event)
    })
    const unfinished = (interrupted: boolean) =>
      Effect.andThen(
        Effect.ignore(save),
        Effect.suspend(() => onUnfinished({ interrupted, checkpoint: file.path() })),
      )
    const videos = events.pipe(
      Stream.tap(keep),
      Stream.flatMap((event) => (event.type === "decode-progress" ? Stream.succeed(event.frames) : Stream.empty)),
      Stream.buffer({ capacity: chunksAhead }),
    )
    const path = yield* writer.write(output, videos, { ...format, exclusive }).pipe(
      Effect.onInterrupt(() => unfinished(true)),
      Effect.tapError(() => unfinished(false)),
    )
    yield* file.remove
    return path
  })

const nothing = (): Effect.Effect<void> => Effect.void
