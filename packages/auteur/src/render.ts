import { readFile, rm } from "node:fs/promises"
import {
  type Checkpoint,
  CheckpointError,
  decodeCheckpoint,
  encodeCheckpoint,
  type GenerateEvent,
  type MediaError,
  type VideoFormat,
  VideoWriter,
} from "@auteur/core"
import { writeFileAtomically } from "@auteur/media"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

export interface RenderOptions extends VideoFormat {
  /** The video file to write, or a folder of frames when it ends in `/`. */
  readonly output: string
  /** Called with each event before the work goes on. */
  readonly onEvent: (event: GenerateEvent) => Effect.Effect<void>
}

const saveEveryMilliseconds = 10_000

/** Where the progress of a video that is not finished lies. */
export const checkpointPath = (output: string): string => `${output.replace(/[/\\]+$/, "")}.auteur`

/**
 * Runs a generation into a video file. The file appears whole or not at all; when the work is interrupted or fails after a step,
 * its checkpoint is left beside it, and it is saved every ten seconds and before decoding, so that a killed process loses little.
 */
export const renderVideo = <E, R>(
  events: Stream.Stream<GenerateEvent, E, R>,
  { output, onEvent, ...format }: RenderOptions,
): Effect.Effect<void, E | MediaError, R | VideoWriter> =>
  Effect.gen(function* () {
    const writer = yield* VideoWriter
    yield* writer.check(output, format)
    let last: Checkpoint | undefined
    let saved: Checkpoint | undefined
    let savedAt = yield* Clock.currentTimeMillis

    const save = Effect.suspend(() => {
      if (last === undefined || last === saved) return Effect.void
      const checkpoint = last
      saved = checkpoint
      return write(checkpointPath(output), encodeCheckpoint(checkpoint))
    })
    const keep = Effect.fnUntraced(function* (event: GenerateEvent) {
      if (event.type === "step-end") {
        last = event.checkpoint
        const now = yield* Clock.currentTimeMillis
        if (now - savedAt >= saveEveryMilliseconds || event.index + 1 === event.total) {
          yield* save
          savedAt = now
        }
      }
      yield* onEvent(event)
    })
    const frames = events.pipe(
      Stream.tap(keep),
      Stream.flatMap((event) => (event.type === "decode-progress" ? Stream.succeed(event.frames) : Stream.empty)),
    )
    yield* writer.write(output, frames, format).pipe(
      Effect.onInterrupt(() => Effect.ignore(save)),
      Effect.tapError(() => Effect.ignore(save)),
    )
    yield* Effect.promise(() => rm(checkpointPath(output), { force: true }))
  })

const write = (path: string, bytes: Uint8Array): Effect.Effect<void, MediaError> =>
  Effect.tryPromise({ try: () => writeFileAtomically(path, bytes), catch: (cause) => cause as MediaError })

/** Reads a checkpoint that {@link renderVideo} left. */
export const readCheckpoint: (path: string) => Effect.Effect<Checkpoint, CheckpointError> = Effect.fnUntraced(
  function* (path) {
    const bytes = yield* Effect.tryPromise({
      try: () => readFile(path),
      catch: () =>
        new CheckpointError({ message: `There is no checkpoint at ${path} that can be read: check the path.` }),
    })
    return yield* Effect.try({
      try: () => decodeCheckpoint(bytes),
      catch: (cause) =>
        new CheckpointError({ message: `${path} cannot be resumed: ${(cause as CheckpointError).message}` }),
    })
  },
)
