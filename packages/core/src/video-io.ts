import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { MediaError } from "./errors.ts"
import type { Video } from "./tensor.ts"

export interface VideoFormat {
  /** Frames per second. */
  readonly fps: number
  /** Enlargement of the written picture: 1 writes the frames as they are. */
  readonly scale: number
}

/** Turns frames into a video file's bytes. */
export interface VideoWriterShape {
  /** File endings that it writes, such as `.mp4`. */
  readonly endings: ReadonlyArray<string>
  readonly encode: <E, R>(
    frames: Stream.Stream<Video, E, R>,
    format: VideoFormat,
  ) => Effect.Effect<Uint8Array, MediaError | E, R>
}

const VideoWriterBase: Context.ServiceClass<VideoWriter, "@auteur/core/VideoWriter", VideoWriterShape> = Context.Service<
  VideoWriter,
  VideoWriterShape
>()("@auteur/core/VideoWriter")
export class VideoWriter extends VideoWriterBase {}
