import { type MediaError, VideoReader } from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { readMetadata, readVideo } from "./read-video.ts"

/** Reads the kinds of files that {@link readVideo} does. */
export const videoReaderLayer: Layer.Layer<VideoReader> = Layer.succeed(VideoReader, {
  read: (source, options) =>
    Effect.tryPromise({ try: () => readVideo(source, options), catch: (cause) => cause as MediaError }),
  readMetadata: (source) =>
    Effect.tryPromise({ try: () => readMetadata(source), catch: (cause) => cause as MediaError }),
})
