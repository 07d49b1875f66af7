import { type MediaError, VideoReader } from "@auteur/core"
import { videoReaderLayer } from "@auteur/media"
import * as Effect from "effect/Effect"
import { fromMetadata, type VideoRecord } from "../video/video-record.ts"

/** The record that a video file carries; a `MediaError` when it cannot be read or carries none. */
export const readRecord = (path: string): Effect.Effect<VideoRecord, MediaError> =>
  VideoReader.use((reader) => reader.readMetadata(path)).pipe(
    Effect.flatMap((metadata) => fromMetadata(metadata, path)),
    Effect.provide(videoReaderLayer),
  )
