import type { Video, VideoFormat, VideoWriterShape } from "@auteur/core"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/**
 * A writer's `write` that fails when the writer itself takes too long: the time in which it waits for frames, which are made
 * meanwhile, does not count.
 */
export const limitedWrite =
  <Late>(write: VideoWriterShape["write"], seconds: number, late: () => Late) =>
  <E, R>(
    path: string,
    frames: Stream.Stream<Video, E, R>,
    format: VideoFormat,
  ): Effect.Effect<void, Effect.Error<ReturnType<typeof write<E, R>>> | Late, R> =>
    Effect.gen(function* () {
      /** Since when the writer has been at work; nothing while it waits for a frame. */
      let since: number | undefined = yield* Clock.currentTimeMillis
      const atWork = Effect.map(Clock.currentTimeMillis, (now) => {
        since = now
      })
      const watched = Stream.concat(
        Stream.suspend(() => {
          since = undefined
          return frames
        }).pipe(
          Stream.mapEffect((frame) => Effect.as(atWork, frame)),
          // Pulled again: the writer waits.
          Stream.flatMap((frame) =>
            Stream.concat(
              Stream.succeed(frame),
              Stream.suspend(() => {
                since = undefined
                return Stream.empty
              }),
            ),
          ),
        ),
        Stream.unwrap(Effect.as(atWork, Stream.empty)),
      )
      const watch: Effect.Effect<never, Late> = Effect.gen(function* () {
        for (;;) {
          const now = yield* Clock.currentTimeMillis
          const left = since === undefined ? seconds * 1000 : since + seconds * 1000 - now
          if (left <= 0) return yield* Effect.fail(late())
          yield* Effect.sleep(left)
        }
      })
      return yield* Effect.raceFirst(
        Effect.suspend(() => write(path, watched, format)),
        watch,
      )
    })
