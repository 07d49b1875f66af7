import { type MediaError, type Video, type VideoMetadata, type VideoWriter } from "@auteur/core"
import { type RgbFrame, toFrames } from "@auteur/media"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { toMetadata, type VideoRecord } from "./video-record.ts"

/** A video in memory. */
export interface GeneratedVideo {
  /** (1, frames, height, width, 3), 8 bits. */
  readonly tensor: Video
  /** The same bytes as pictures, one a frame. */
  readonly frames: ReadonlyArray<RgbFrame>
  /** Pixels. */
  readonly width: number
  readonly height: number
  /** Frames per second. */
  readonly fps: number
  readonly seed: number | bigint
  /** What it was made of, as {@link GeneratedVideo.save} keeps it in the file. */
  readonly metadata: VideoMetadata
  /** The end of the prompt that did not fit; nothing when all of it did. */
  readonly truncated: string | undefined
  /**
   * Writes MP4, animated WebP or GIF, by the ending of the path, or a folder of PNG frames when it ends in `/`.
   *
   * Rejects with a `MediaError` that names the path and the mend.
   */
  readonly save: (path: string, options?: { readonly fps?: number; readonly upscale?: number }) => Promise<void>
}

export const generatedVideo = (
  tensor: Video,
  record: VideoRecord,
  truncated: string | undefined,
  writer: VideoWriter["Service"],
): GeneratedVideo => {
  const { width, height, fps, seed } = record
  const save = Effect.fnUntraced(function* (path: string, options: { fps?: number; upscale?: number }) {
    const written = { ...record, fps: options.fps ?? record.fps, upscale: options.upscale ?? record.upscale }
    const format = { fps: written.fps, upscale: written.upscale, metadata: toMetadata(written) }
    yield* writer.check(path, { ...format, width, height, frames: record.frames })
    yield* writer.write(path, Stream.succeed(tensor), format)
  })
  return {
    tensor,
    frames: toFrames(tensor),
    width,
    height,
    fps,
    seed,
    metadata: toMetadata(record),
    truncated,
    save: (path, options = {}) => Effect.runPromise<void, MediaError>(save(path, options)),
  }
}
