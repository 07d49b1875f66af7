import { basename } from "node:path"
import { Denoiser, latentFrames, MediaError, type Video, VideoReader, VideoVae } from "@auteur/core"
import * as Effect from "effect/Effect"
import { readPicture } from "./read-picture.ts"

/** Pictures to begin with, and the name of the file that they came from. */
export interface StartPictures {
  readonly video: Video
  readonly name: string
  /** Frames per second, where the file has them. */
  readonly fps?: number | undefined
  /** How many frames are used, where the file has more. */
  readonly cutTo?: number | undefined
}

interface PixelSize {
  readonly width: number
  readonly height: number
}

const given = "given as frames"

/** The first frame of image-to-video, resized when it comes out of a file. (1, 1, height, width, 3) */
export const startImage = (source: string | Video, size: PixelSize): Effect.Effect<StartPictures, MediaError> =>
  typeof source === "string"
    ? Effect.map(readPicture(source, size), (video) => ({ video, name: basename(source) }))
    : Effect.succeed({ video: source, name: given })

/**
 * The video to start from. Out of a file it is resized, and cut to the longest video that can be made of it: no longer than
 * `frames`, by default the length that the model was trained at. (1, frames, height, width, 3)
 */
export const startVideo: (
  source: string | Video,
  size: PixelSize,
  frames: number | undefined,
) => Effect.Effect<StartPictures, MediaError, VideoReader | VideoVae | Denoiser> = Effect.fnUntraced(
  function* (source, size, frames) {
    if (typeof source !== "string") return { video: source, name: given }
    const reader = yield* VideoReader
    const vae = yield* VideoVae
    const { patch, trained } = yield* Denoiser
    const most = frames ?? vae.decodedFrames(trained.frames)
    // One more than is used shows whether there are more.
    const file = yield* reader.read(source, { maxFrames: most + 1, size })
    const read = file.video.length("frames")
    if (frames !== undefined && Number.isSafeInteger(frames) && read < frames) {
      return yield* new MediaError({
        message: `${source} has ${read} ${read === 1 ? "frame" : "frames"}, but ${frames} are asked for: ask for no more, or give a longer video.`,
      })
    }
    let length = Math.min(read, most)
    const isLegal = (count: number) => {
      const latent = latentFrames(count, vae.temporalCompression)
      return vae.decodedFrames(latent) === count && latent % patch.frames === 0
    }
    // A length that was asked for is not changed: the request says what is wrong with it.
    if (frames === undefined) while (length > 1 && !isLegal(length)) length--
    const pictures: StartPictures = {
      video: file.video.slice("frames", 0, length).contiguous(),
      name: basename(source),
      fps: file.fps,
      ...(length < read && frames === undefined ? { cutTo: length } : {}),
    }
    return pictures
  },
)
