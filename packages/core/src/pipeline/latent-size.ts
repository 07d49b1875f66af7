import type { DenoiserShape, LatentSize } from "../services/denoiser.ts"
import { RequestError } from "../services/errors.ts"
import type { PipelineRequest } from "./pipeline-request.ts"
import type { VideoVaeShape } from "../services/video-vae.ts"

/** The size of a video, in pixels and in latents. */
export interface VideoSize {
  /** The size that the denoiser runs on. */
  readonly latents: LatentSize
  /** Latent frames at the start that only fill up a temporal patch and are dropped before decoding. */
  readonly padding: number
  /** Frames of the result, and its size in pixels. */
  readonly frames: number
  readonly height: number
  readonly width: number
}

/** The latent frames that `frames` frames are encoded to. */
export const latentFrames = (frames: number, temporalCompression: number): number =>
  Math.floor((frames - 1) / temporalCompression) + 1

/**
 * The size of a requested video. Throws a {@link RequestError} that names the nearest legal values when a length or a size cannot be
 * made exactly: the VAE decodes 2N latent frames to 8N frames and 2N+1 to 8N+1; height and width are made of patches.
 */
export const videoSize = (
  request: Pick<PipelineRequest, "frames" | "height" | "width" | "image" | "video">,
  vae: VideoVaeShape,
  denoiser: DenoiserShape,
): VideoSize => {
  const pixels = vae.spatialCompression
  const given = request.video ?? request.image
  const frames = request.frames ?? request.video?.length("frames") ?? vae.decodedFrames(denoiser.trained.frames)
  const height = request.height ?? given?.length("height") ?? denoiser.trained.height * pixels
  const width = request.width ?? given?.length("width") ?? denoiser.trained.width * pixels

  checkFrames(frames, vae)
  checkLength("height", height, pixels * denoiser.patch.height)
  checkLength("width", width, pixels * denoiser.patch.width)
  checkGiven(request, { frames, height, width })
  checkTotal(frames, height, width)

  const exact = latentFrames(frames, vae.temporalCompression)
  const padding = (denoiser.patch.frames - (exact % denoiser.patch.frames)) % denoiser.patch.frames
  if (padding > 0 && request.video !== undefined) {
    const below = exact + padding - denoiser.patch.frames
    const shorter = below > 0 ? `${vae.decodedFrames(below)} or ` : ""
    throw new RequestError({
      message: `${denoiser.name} works on ${denoiser.patch.frames} latent frames at a time, so a video of ${frames} frames (${exact} latent frames) cannot be its start: give one of ${shorter}${vae.decodedFrames(exact + padding)} frames.`,
    })
  }
  const latents = { frames: exact + padding, height: height / pixels, width: width / pixels }
  const unsupported = denoiser.unsupported(latents)
  if (unsupported !== undefined) throw new RequestError({ message: unsupported })
  return { latents, padding, frames, height, width }
}

/** The most values of a tensor of 8-bit pixels: beyond it no file is written and no allocation of a browser succeeds. */
const mostPixelValues = 2 ** 32

const checkTotal = (frames: number, height: number, width: number): void => {
  if (frames * height * width * 3 <= mostPixelValues) return
  throw new RequestError({
    message: `A video of ${frames} frames of ${width}×${height} pixels cannot be made: it has more than 2^32 values; ask for fewer frames or a smaller size.`,
  })
}

const checkFrames = (frames: number, vae: VideoVaeShape): void => {
  const decoded = (count: number) => vae.decodedFrames(latentFrames(count, vae.temporalCompression))
  if (Number.isSafeInteger(frames) && frames > 0 && decoded(frames) === frames) return
  if (Number.isNaN(frames) || frames < 1) {
    throw new RequestError({ message: `A video of ${frames} frames cannot be made: the shortest has 1 frame.` })
  }
  if (frames > mostPixelValues) {
    throw new RequestError({
      message: `A video of ${frames} frames cannot be made: it has more than 2^32 values; ask for fewer frames.`,
    })
  }
  let latent = latentFrames(Math.floor(frames), vae.temporalCompression)
  while (latent > 1 && vae.decodedFrames(latent) > frames) latent--
  while (vae.decodedFrames(latent + 1) <= frames) latent++
  const [below, above] = [vae.decodedFrames(latent), vae.decodedFrames(latent + 1)]
  throw new RequestError({
    message: `A video of ${frames} frames cannot be made: the nearest lengths are ${below} and ${above} frames.`,
  })
}

const checkLength = (name: "height" | "width", length: number, multiple: number): void => {
  const problem = multipleProblem(length, multiple)
  if (problem === undefined) return
  throw new RequestError({ message: `A ${name} of ${length} pixels cannot be made: ${problem}.` })
}

/** Says why a length is not a positive multiple of a number, with the nearest that are; `undefined` when it is one. */
export const multipleProblem = (length: number, multiple: number): string | undefined => {
  if (Number.isSafeInteger(length) && length > 0 && length % multiple === 0) return undefined
  const below = Math.floor(length / multiple) * multiple
  const above = Math.ceil(length / multiple) * multiple
  return Number.isFinite(length) && below > 0 && below !== above
    ? `it has to be a multiple of ${multiple}; the nearest are ${below} and ${above}`
    : `it has to be a multiple of ${multiple}; the smallest is ${multiple}`
}

const checkGiven = (
  request: Pick<PipelineRequest, "image" | "video">,
  wanted: { readonly frames: number; readonly height: number; readonly width: number },
): void => {
  for (const name of ["image", "video"] as const) {
    const given = request[name]
    if (given === undefined) continue
    const [height, width] = [given.length("height"), given.length("width")]
    if (height !== wanted.height || width !== wanted.width) {
      throw new RequestError({
        message: `The ${name} is ${width}×${height} pixels, but ${wanted.width}×${wanted.height} are asked for: resize it first.`,
      })
    }
    const frames = name === "image" ? 1 : wanted.frames
    if (given.length("frames") !== frames || given.length("channels") !== 3 || given.length("batch") !== 1) {
      throw new RequestError({
        message: `The ${name} has the shape [${given.shape.join(", ")}]; [1, ${frames}, ${height}, ${width}, 3] is needed.`,
      })
    }
  }
}
