import { type MediaError, VideoReader } from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { readMetadata, readVideo } from "./read-video.ts"

/** Reads the kinds of files that {@link readVideo} does. */
export const videoReaderLayer: Layer.Layer<VideoReader> = Layer.succeed(VideoReader, {
  read: (path, options) =>
    Effect.tryPromise({ try: () => readVideo(path, options), catch: (cause) => cause as MediaError }),
  readMetadata: (path) => Effect.tryPromise({ try: () => readMetadata(path), catch: (cause) => cause as MediaError }),
})
