import {
  type EncodedVideo,
  type Latents,
  MediaError,
  type Video,
  type VideoKind,
  type VideoMetadata,
  type VideoWriter,
} from "@auteur/core"
import { type RgbFrame, toFrames } from "@auteur/media"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { toMetadata, type VideoRecord } from "../video/video-record.ts"
import { checkOptions } from "./check-options.ts"
import { rejectTagged } from "./tagged-error.ts"

/** How a video is written; what is left out is as the request said. */
export interface WriteOptions {
  /** Frames per second. */
  readonly fps?: number | undefined
  /** How many times larger the picture is written, from 1 to 16. */
  readonly upscale?: number | undefined
  /** From 1, the smallest file, to 100, the finest picture; default 80. GIF and PNG have none. */
  readonly quality?: number | undefined
}

/** Bytes of a chunk of a stream. */
const chunkBytes = 64 * 1024

/** Frames that can be looked at, written to a file or encoded in memory. */
export class DecodedVideo {
  /** (1, frames, height, width, 3), 8 bits. */
  readonly tensor: Video
  /** Pixels. */
  readonly width: number
  /** Pixels. */
  readonly height: number
  /** Frames per second. */
  readonly fps: number
  /** The texts that a file of the video carries: the settings that made it. */
  readonly metadata: VideoMetadata
  readonly #upscale: number
  readonly #writer: VideoWriter["Service"]
  #frames: ReadonlyArray<RgbFrame> | undefined

  constructor(
    tensor: Video,
    format: { readonly fps: number; readonly upscale: number; readonly metadata: VideoMetadata },
    writer: VideoWriter["Service"],
  ) {
    this.tensor = tensor
    this.width = tensor.length("width")
    this.height = tensor.length("height")
    this.fps = format.fps
    this.metadata = format.metadata
    this.#upscale = format.upscale
    this.#writer = writer
  }

  /** The frames as RGB pictures, which share the tensor's bytes. */
  get frames(): ReadonlyArray<RgbFrame> {
    this.#frames ??= toFrames(this.tensor)
    return this.#frames
  }

  /**
   * Writes a file: MP4, animated WebP, GIF or PNG (one frame) by the ending of the path, or a folder of PNG frames where it ends in `/`.
   *
   * Rejects with a `MediaError` that names the path and says how to fix it.
   */
  async save(path: string, options: WriteOptions = {}): Promise<void> {
    if (typeof path !== "string" || path === "") {
      throw new MediaError({
        message: `The path to save to is ${String(path)}: give a text that ends in .mp4, .webp, .gif, .png or /.`,
      })
    }
    const format = this.#format(options)
    const { width, height } = this
    const plan = { ...format, width, height, frames: this.tensor.length("frames") }
    const written = Effect.andThen(
      this.#writer.check(path, plan),
      this.#writer.write(path, Stream.succeed(this.tensor), format),
    )
    await rejectTagged(Effect.runPromiseExit(written))
  }

  /** Encodes a file in memory; rejects with a `MediaError` for what the type cannot hold, such as a PNG of several frames. */
  async encode(kind: VideoKind, options: WriteOptions = {}): Promise<EncodedVideo> {
    if (!["mp4", "webp", "gif", "png"].includes(kind)) {
      throw new MediaError({ message: `A video cannot be encoded as "${String(kind)}": name mp4, webp, gif or png.` })
    }
    const { width, height } = this
    const format = { ...this.#format(options), width, height, frames: this.tensor.length("frames") }
    return rejectTagged(Effect.runPromiseExit(this.#writer.encode(kind, Stream.succeed(this.tensor), format)))
  }

  /** {@link DecodedVideo.encode} as a `Blob` with its media type. */
  async toBlob(kind: VideoKind, options: WriteOptions = {}): Promise<Blob> {
    const { bytes, mediaType } = await this.encode(kind, options)
    return new Blob([bytes as Uint8Array<ArrayBuffer>], { type: mediaType })
  }

  /** {@link DecodedVideo.encode} as a stream of bytes, for the body of a response; a failure ends the stream with its error. */
  toReadableStream(kind: VideoKind, options: WriteOptions = {}): ReadableStream<Uint8Array> {
    return new ReadableStream({
      start: async (controller) => {
        const { bytes } = await this.encode(kind, options)
        for (let at = 0; at < bytes.length; at += chunkBytes) controller.enqueue(bytes.subarray(at, at + chunkBytes))
        controller.close()
      },
    })
  }

  #format(options: WriteOptions) {
    checkOptions("save", options, ["fps", "upscale", "quality"])
    const { fps = this.fps, upscale = this.#upscale, quality } = options
    const metadata =
      "fps" in this.metadata ? { ...this.metadata, fps: String(fps), upscale: String(upscale) } : this.metadata
    return { fps, upscale, metadata, ...(quality === undefined ? {} : { quality }) }
  }
}

/** A video that was generated, with everything that made it. */
export class GeneratedVideo extends DecodedVideo {
  /** The seed that makes it again. */
  readonly seed: number | bigint
  /** The clean latents that the frames were decoded from. (1, f, c, h, w) */
  readonly latents: Latents
  /** The end of the prompt that did not fit; nothing when all of it did. */
  readonly truncated: string | undefined
  /** A sentence that a person should know, such as that only the first frames of the source were used. */
  readonly notice: string | undefined

  constructor(
    made: {
      readonly tensor: Video
      readonly latents: Latents
      readonly record: VideoRecord
      readonly truncated: string | undefined
      readonly notice: string | undefined
    },
    writer: VideoWriter["Service"],
  ) {
    const { fps, upscale, seed } = made.record
    super(made.tensor, { fps, upscale, metadata: toMetadata(made.record) }, writer)
    this.seed = seed
    this.latents = made.latents
    this.truncated = made.truncated
    this.notice = made.notice
  }
}
