import { basename } from "node:path"
import {
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
  /** The number of frames that are used, where the file has more. */
  readonly cutTo?: number | undefined
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

/**
 * The video to start from. Unless it is given as frames, it is resized, and cut to the longest video that can be made of it: no longer
 * than `frames`, by default the length that the model was trained at. (1, frames, height, width, 3)
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
    let length = Math.min(read, most)
    const isLegal = (count: number) => {
      const latent = latentFrames(count, vae.temporalCompression)
      return vae.decodedFrames(latent) === count && latent % patch.frames === 0
    }
    // A length that was asked for is not changed: the request says what is wrong with it.
    if (frames === undefined) while (length > 1 && !isLegal(length)) length--
    const start: StartFrames = {
      video: file.video.slice("frames", 0, length).contiguous(),
      name: nameOf(source),
      fps: file.fps,
      notices: file.notices,
      ...(length < read && frames === undefined ? { cutTo: length } : {}),
    }
    return start
  },
)
