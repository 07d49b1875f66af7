import { MediaError, type Video, VideoWriter } from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { type Mp4Writer, mp4Writer } from "./mp4-writer.ts"
import type { RgbFrame } from "./rgb-frame.ts"

/** Writes MP4 files (H.264) without a native codec. */
export const mp4Layer: Layer.Layer<VideoWriter> = Layer.succeed(VideoWriter, {
  endings: [".mp4"],
  encode: (videos, { fps, scale }) =>
    Effect.scoped(
      Effect.gen(function* () {
        let writer: Mp4Writer | undefined
        yield* Effect.addFinalizer(() => Effect.sync(() => writer?.dispose()))
        yield* Stream.runForEach(videos, (video) =>
          attempt(async () => {
            for (const frame of toFrames(video)) {
              writer ??= mp4Writer({ width: frame.width, height: frame.height, fps, scale })
              await writer.write(frame)
            }
          }),
        )
        if (writer === undefined) {
          return yield* new MediaError({ message: "A video needs at least one frame, and none was written." })
        }
        const { end } = writer
        return yield* attempt(end)
      }),
    ),
})

/** The frames of a video as pictures that share its bytes. */
export const toFrames = (video: Video): ReadonlyArray<RgbFrame> => {
  const [height, width] = [video.length("height"), video.length("width")]
  const bytes = video.contiguous().values()
  return Array.from({ length: video.length("batch") * video.length("frames") }, (_, i) => ({
    width,
    height,
    data: bytes.subarray(i * height * width * 3, (i + 1) * height * width * 3),
  }))
}

const attempt = <A>(run: () => Promise<A>): Effect.Effect<A, MediaError> =>
  Effect.tryPromise({
    try: run,
    catch: (cause) =>
      cause instanceof MediaError
        ? cause
        : new MediaError({ message: `The video cannot be encoded: ${(cause as Error).message}`, cause }),
  })
