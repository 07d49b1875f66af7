import type { TextEmbeddings } from "../services/text-encoder.ts"
import type { Latents, Video } from "../tensor/tensor.ts"
import type { VideoRequest } from "./video-request.ts"

/** The settings that the pipeline itself uses; the others choose its components, or say how the file is written. */
export const pipelineFields = [
  "prompt",
  "negativePrompt",
  "seed",
  "steps",
  "timesteps",
  "sigmas",
  "guidanceScale",
  "frames",
  "width",
  "height",
  "image",
  "video",
  "strength",
  "start",
  "sourcePrompt",
  "sourceGuidanceScale",
  "previewEvery",
] as const

/** The settings of {@link pipelineFields} that are not pictures. */
type Settings = Omit<Pick<VideoRequest, (typeof pipelineFields)[number]>, "image" | "video">

/** Embeddings that take the place of encoded prompts. (1, tokens, features) */
export interface GivenEmbeddings {
  /** In place of the encoded `prompt`, which may be empty then. */
  readonly promptEmbeddings?: TextEmbeddings
  /** In place of the encoded `negativePrompt`. */
  readonly negativePromptEmbeddings?: TextEmbeddings
}

/** A request as the pipeline takes it, with tensors for pictures. */
export interface PipelineRequest extends Settings, GivenEmbeddings {
  /** The first frame, of the size above. (1, 1, height, width, 3) */
  readonly image?: Video
  /** The video to start from; its size is the result's. (1, frames, height, width, 3) */
  readonly video?: Video
  /** Normal noise to start from in place of that of the seed. (1, frames, channels, height, width) */
  readonly latents?: Latents
}

/** A request from noise: text-to-video, unless it has an `image` or a `video`. */
export interface GenerateRequest extends PipelineRequest {
  readonly start?: "noise"
}

/** A request from the noise that a video would have come from. */
export interface InversionRequest extends PipelineRequest {
  readonly start: "inversion"
  readonly video: Video
  readonly sourcePrompt: string
}

/** A request from a video itself, without going through noise. */
export interface InversionFreeRequest extends PipelineRequest {
  readonly start: "inversion-free"
  readonly video: Video
  readonly sourcePrompt: string
}

/** A request without its tensors, its steps and scale of guidance written out: what a checkpoint keeps of it. */
export interface RunRequest extends Settings {
  readonly steps: number
  readonly guidanceScale: number
}
