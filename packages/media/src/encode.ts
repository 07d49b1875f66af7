import { type EncodedVideo, MediaError, type VideoKind } from "@auteur/core"
import { openInThread } from "./coder-thread.ts"
import { formats } from "./formats.ts"
import { feedCoder, type FrameSpec, type FrameWriter, type FrameWriterOptions } from "./frame-writer.ts"
import { pictureTexts } from "./image/png-coder.ts"
import { toPng } from "./image/png.ts"
import type { RgbFrame } from "./image/rgb-frame.ts"
import { toJson } from "./metadata.ts"

/** How to encode frames; without a size, the first frame gives it. */
export type EncodeOptions = FrameSpec

type Frames = AsyncIterable<RgbFrame> | Iterable<RgbFrame>

// Pixels of a frame that take the encoders about 15 milliseconds, which is not worth a thread.
const SMALL = 256 * 256

/**
 * Opens a video file in memory that takes frames one by one: an MP4 (H.264, 4:2:0, no sound), an animated WebP, a GIF, or
 * a PNG of one frame.
 *
 * Equal frames and options give equal bytes. Frames are coded in the order of the calls.
 *
 * @throws MediaError for options that the kind of file cannot hold; `write` rejects with it for a frame of another size,
 *   and `end` when no frame came
 */
export const openFrameWriter = (kind: VideoKind, options: FrameWriterOptions): FrameWriter => {
  formats[kind].check({ upscale: 1, ...options })
  return feedCoder(options, (settings) =>
    kind === "png" || settings.width * settings.height <= SMALL
      ? formats[kind].open(settings)
      : openInThread({ kind, options: settings }),
  )
}

/**
 * Encodes frames as a file in memory.
 *
 * @throws MediaError as {@link openFrameWriter} does
 */
export const encodeVideo = async (kind: VideoKind, frames: Frames, options: EncodeOptions): Promise<EncodedVideo> => {
  formats[kind].check({ upscale: 1, ...options })
  let writer: FrameWriter | undefined
  try {
    for await (const frame of frames) {
      writer ??= openFrameWriter(kind, {
        ...options,
        width: options.width ?? frame.width,
        height: options.height ?? frame.height,
      })
      await writer.write(frame)
    }
    if (writer === undefined) {
      throw new MediaError({ message: "A video needs at least one frame, and none was written." })
    }
    return { bytes: await writer.end(), mediaType: formats[kind].mediaType }
  } finally {
    writer?.dispose()
  }
}

/**
 * Encodes frames as an MP4 file (H.264, 4:2:0, no sound) in memory.
 *
 * @example
 * const red = { width: 16, height: 16, data: new Uint8Array(16 * 16 * 3).map((_, i) => (i % 3 === 0 ? 255 : 0)) }
 * const { bytes, mediaType } = await encodeMp4([red, red], { fps: 8 })
 *
 * @throws MediaError as {@link openFrameWriter} does
 */
export const encodeMp4 = (frames: Frames, options: EncodeOptions): Promise<EncodedVideo> =>
  encodeVideo("mp4", frames, options)

/**
 * Encodes frames as an animated WebP file in memory, which plays for ever.
 *
 * @throws MediaError as {@link openFrameWriter} does
 */
export const encodeWebp = (frames: Frames, options: EncodeOptions): Promise<EncodedVideo> =>
  encodeVideo("webp", frames, options)

/**
 * Encodes frames as a GIF file in memory, which plays for ever; all frames share one palette.
 *
 * @throws MediaError as {@link openFrameWriter} does, and for more than 50 frames per second
 */
export const encodeGif = (frames: Frames, options: EncodeOptions): Promise<EncodedVideo> =>
  encodeVideo("gif", frames, options)

/**
 * Encodes a frame as a PNG file in memory; equal frames give equal bytes.
 *
 * @throws MediaError when the frame's bytes do not fill its size
 */
export const encodePng = (frame: RgbFrame, options: Pick<EncodeOptions, "metadata"> = {}): EncodedVideo => ({
  bytes: toPng(frame, pictureTexts({ note: toJson(options.metadata) })),
  mediaType: formats.png.mediaType,
})

const CHUNK = 64 * 1024

/**
 * Encodes frames as a stream of a file's bytes, such as the body of a response.
 *
 * Frames are taken as they come. The bytes follow the last of them, because the head of each kind of file tells of all frames.
 * Cancelling the stream frees the encoder and ends the frames.
 */
export const encodeStream = (kind: VideoKind, frames: Frames, options: EncodeOptions): ReadableStream<Uint8Array> => {
  let isCancelled = false
  const untilCancelled = async function* (): AsyncGenerator<RgbFrame> {
    for await (const frame of frames) {
      if (isCancelled) return
      yield frame
    }
  }
  let bytes: Uint8Array | undefined
  let at = 0
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      bytes ??= (await encodeVideo(kind, untilCancelled(), options)).bytes
      if (isCancelled) return
      controller.enqueue(bytes.subarray(at, (at += CHUNK)))
      if (at >= bytes.length) controller.close()
    },
    cancel: () => {
      isCancelled = true
    },
  })
}
