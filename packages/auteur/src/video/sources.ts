import { basename } from "node:path"
import {
  concat,
  Denoiser,
  latentFrames,
  MediaError,
  type MediaSource,
  RequestError,
  Tensor,
  type Video,
  VideoReader,
  VideoVae,
} from "@auteur/core"
import { readImage, resizeImage } from "@auteur/media"
import * as Effect from "effect/Effect"

/** Frames in memory: a tensor, or a video that has one. */
export type Frames = Video | { readonly tensor: Video }

/** The frames that a run starts from, and the name of the file that they came from. */
export interface StartFrames {
  readonly video: Video
  readonly name: string
  /** Frames per second, where the file has them. */
  readonly fps?: number | undefined
  /** Sentences about what was read in another way than the file has it. */
  readonly notices?: ReadonlyArray<string>
}

interface PixelSize {
  readonly width: number
  readonly height: number
}

const isFrames = (source: MediaSource | Frames): source is Frames =>
  typeof source === "object" && source !== null && ("tensor" in source || "layout" in source)

const framesOf = (source: Frames): StartFrames => ({
  video: "tensor" in source ? source.tensor : source,
  name: "given as frames",
})

const checkSource = (setting: string, source: unknown): Effect.Effect<void, RequestError> => {
  const isKnown =
    typeof source === "string" ||
    [URL, Uint8Array, ArrayBuffer, Blob, ReadableStream].some((type) => source instanceof type) ||
    isFrames(source as Frames)
  if (isKnown) return Effect.void
  return Effect.fail(
    new RequestError({
      message: `${setting} is ${source === null ? "null" : `of the type ${typeof source}`}: give a path, a URL, bytes, a Blob or frames.`,
    }),
  )
}

/** A text is a path, unless it begins as a URL does. */
const toSource = (source: MediaSource): MediaSource =>
  typeof source === "string" && /^(https?|file|data|blob):/i.test(source) ? (URL.parse(source) ?? source) : source

/** The name of a source in the metadata of a video. */
const nameOf = (source: MediaSource): string => {
  if (typeof source === "string") return basename(source)
  if (source instanceof File) return source.name
  if (!(source instanceof URL) || source.protocol === "data:") return "given as bytes"
  return source.pathname.split("/").findLast(Boolean) ?? source.host
}

/** The name of a source in messages. */
const titleOf = (source: MediaSource, kind: string): string => {
  if (typeof source === "string") return source
  return source instanceof URL && source.protocol !== "data:" ? source.href : kind
}

/** The first frame of image-to-video, resized unless it is given as frames. (1, 1, height, width, 3) */
export const startImage: (
  given: MediaSource | Frames,
  size: PixelSize,
) => Effect.Effect<StartFrames, MediaError | RequestError> = Effect.fnUntraced(function* (given, { width, height }) {
  yield* checkSource("image", given)
  if (isFrames(given)) return framesOf(given)
  const source = toSource(given)
  const frame = yield* Effect.tryPromise({
    try: async () => resizeImage(await readImage(source), width, height),
    catch: (cause) =>
      new MediaError({ message: `${titleOf(source, "The image")} cannot be used. ${(cause as MediaError).message}` }),
  })
  const shape = [1, 1, height, width, 3] as const
  const video = Tensor.from("batch frames height width channels", shape, new Uint8Array(frame.data), "uint8")
  return { video, name: nameOf(source) }
})

/** The frames of a clip, and its last one again until there are `count`. */
const lengthened = (video: Video, count: number): Video => {
  const read = video.length("frames")
  const last = video.slice("frames", read - 1, read)
  return concat("frames", [video, ...Array.from({ length: count - read }, () => last)])
}

/**
 * The length that a clip of `read` frames is used at: the longest that can be made of it, or, where it is too short for any but
 * a still, the shortest that can be made from it on.
 */
const usableLength = (read: number, most: number, isLegal: (count: number) => boolean): number => {
  for (let length = Math.min(read, most); length > 1; length--) if (isLegal(length)) return length
  if (read === 1 && isLegal(1)) return 1
  for (let length = read + 1; length <= most; length++) if (isLegal(length)) return length
  return Math.min(read, most)
}

/**
 * The video to start from. Unless it is given as frames, it is resized, and cut to the longest video that can be made of it: no longer
 * than `frames`, by default the length that the model was trained at. A clip of a few frames, of which only a still could be made,
 * keeps its last frame until it is long enough. (1, frames, height, width, 3)
 */
export const startVideo: (
  given: MediaSource | Frames,
  size: PixelSize,
  frames: number | undefined,
) => Effect.Effect<StartFrames, MediaError | RequestError, VideoReader | VideoVae | Denoiser> = Effect.fnUntraced(
  function* (given, size, frames) {
    yield* checkSource("video", given)
    if (isFrames(given)) return framesOf(given)
    const source = toSource(given)
    const reader = yield* VideoReader
    const vae = yield* VideoVae
    const { patch, trained } = yield* Denoiser
    const most = frames ?? vae.decodedFrames(trained.frames)
    // One more than is used shows whether there are more.
    const file = yield* reader.read(source, { maxFrames: most + 1, size })
    const read = file.video.length("frames")
    if (frames !== undefined && Number.isSafeInteger(frames) && read < frames) {
      return yield* new MediaError({
        message: `${titleOf(source, "The video")} has ${read} ${read === 1 ? "frame" : "frames"}, but ${frames} are asked for: ask for no more, or give a longer video.`,
      })
    }
    const isLegal = (count: number) => {
      const latent = latentFrames(count, vae.temporalCompression)
      return vae.decodedFrames(latent) === count && latent % patch.frames === 0
    }
    // A length that was asked for is not changed: the request says what is wrong with it.
    const length = frames === undefined ? usableLength(read, most, isLegal) : Math.min(read, most)
    const name = nameOf(source)
    const notices = file.notices.map((notice) => `${name}: ${notice}`)
    if (frames === undefined && length < read) notices.push(`Of ${name}, the first ${length} frames are used.`)
    if (length > read)
      notices.push(`${name}: It has only ${read} frames, and its last is repeated until there are ${length}.`)
    const video = length > read ? lengthened(file.video, length) : file.video.slice("frames", 0, length).contiguous()
    const start: StartFrames = { video, name, fps: file.fps, notices }
    return start
  },
)
