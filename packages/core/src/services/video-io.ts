import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { MediaError, RequestError } from "./errors.ts"
import type { Video } from "../tensor/tensor.ts"

/** Short texts that a video file carries, such as the request that made it. */
export type VideoMetadata = Readonly<Record<string, string>>

export interface VideoFormat {
  /** Frames per second. */
  readonly fps: number
  /** Enlargement of the written picture: 1 writes the frames as they are. */
  readonly upscale: number
  /** 1 (smallest file) to 100 (finest picture), where the kind of file has one; 80 by default. */
  readonly quality?: number
  /** Texts to keep in the file; none by default. */
  readonly metadata?: VideoMetadata
}

/** Kinds of files that hold a video; a PNG holds one frame. */
export type VideoKind = "mp4" | "webp" | "gif" | "png"

/** A file in memory. */
export interface EncodedVideo {
  readonly bytes: Uint8Array
  /** Such as `video/mp4`. */
  readonly mediaType: string
}

/** A video to write, as far as it is known before its frames come. */
export interface VideoSpec extends VideoFormat {
  readonly frames?: number
  readonly width?: number
  readonly height?: number
}

/** Writes frames into video files, of the kind that the end of the path names. */
export interface VideoWriterShape {
  /** Endings of paths that it writes, such as `.mp4`. */
  readonly endings: ReadonlyArray<string>
  /**
   * Finds out before the work whether a video can be written at a path: a `RequestError` says that it never can, whatever lies there, and
   * a `MediaError` what is in the way.
   */
  readonly check: (path: string, plan: VideoSpec) => Effect.Effect<void, MediaError | RequestError>
  /**
   * Writes a video, whole or not at all, and gives the path where it is.
   *
   * It takes the place of a file that is there. With `exclusive` it never does: a number is added to the name instead, as
   * in `fox-2.mp4`, also when the file appeared while the frames were made.
   */
  readonly write: <E, R>(
    path: string,
    frames: Stream.Stream<Video, E, R>,
    format: VideoFormat & { readonly exclusive?: boolean },
  ) => Effect.Effect<string, MediaError | E, R>
  /** Encodes a video in memory. */
  readonly encode: <E, R>(
    kind: VideoKind,
    frames: Stream.Stream<Video, E, R>,
    format: VideoFormat,
  ) => Effect.Effect<EncodedVideo, MediaError | E, R>
}

const VideoWriterBase: Context.ServiceClass<VideoWriter, "@auteur/core/VideoWriter", VideoWriterShape> =
  Context.Service<VideoWriter, VideoWriterShape>()("@auteur/core/VideoWriter")
export class VideoWriter extends VideoWriterBase {}

/** A video or an image to read: a path, an address, or the bytes of a file. */
export type MediaSource = string | URL | Uint8Array | ArrayBuffer | Blob | ReadableStream<Uint8Array>

export interface ReadVideoOptions {
  /** Reads the first so many frames only. */
  readonly maxFrames?: number
  /** Resizes each frame to this size; the shape is not kept. */
  readonly size?: { readonly width: number; readonly height: number }
}

export interface VideoFile {
  /** (1, frames, height, width, 3) */
  readonly video: Video
  /** Frames per second, 1 to 240; undefined for pictures, which have no time. */
  readonly fps: number | undefined
  /** The texts that {@link VideoWriter} kept in the file; empty when there are none. */
  readonly metadata: VideoMetadata
  /** Sentences for the user on what was read in another way than the file has it, such as repeated frames or dropped sound. */
  readonly notices: ReadonlyArray<string>
}

/** Reads video files, of the kind that their bytes show. */
export interface VideoReaderShape {
  readonly read: (source: MediaSource, options?: ReadVideoOptions) => Effect.Effect<VideoFile, MediaError>
  /** Reads the texts only, without decoding a frame. */
  readonly readMetadata: (source: MediaSource) => Effect.Effect<VideoMetadata, MediaError>
}

const VideoReaderBase: Context.ServiceClass<VideoReader, "@auteur/core/VideoReader", VideoReaderShape> =
  Context.Service<VideoReader, VideoReaderShape>()("@auteur/core/VideoReader")
export class VideoReader extends VideoReaderBase {}
