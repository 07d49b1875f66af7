import type { Video } from "./tensor.ts"

/** What to generate. Without `image` and `video` it is text-to-video. */
export interface GenerateRequest {
  readonly prompt: string
  /** What to steer away from; the empty prompt by default. */
  readonly negativePrompt?: string
  readonly seed: number | bigint
  /** Steps of the sampler. */
  readonly steps: number
  /** Strength of the guidance; 1 or less asks the network without it. */
  readonly guidance: number
  /** Frames of the result; by default the length that the model was trained at. */
  readonly frames?: number
  /** Pixels; by default the size that the model was trained at. */
  readonly height?: number
  readonly width?: number
  /** Image-to-video: the first frame, of the size above. (1, 1, height, width, 3) */
  readonly image?: Video
  /** Video-to-video: what to start from; its size is the result's. (1, frames, height, width, 3) */
  readonly video?: Video
  /** How much of the noise is added to `video`, in 0…1: 1 keeps nothing of it. Default 0.8. */
  readonly strength?: number
  /** Shows the clean estimate every so many steps; 0, the default, never. */
  readonly previewEvery?: number
}
