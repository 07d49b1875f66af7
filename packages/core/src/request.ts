import type { Video } from "./tensor.ts"

/**
 * Where a run begins.
 *
 * - `noise`: at random noise, or at a video with noise added to it (SDEdit, arXiv 2108.01073)
 * - `inversion`: at the noise that a video would have come from, found by walking its sampling backwards (arXiv 2010.02502 §4.3)
 * - `inversion-free`: at the video itself, which is led along the difference between the velocities of two prompts (arXiv 2412.08629)
 */
export type StartKind = "noise" | "inversion" | "inversion-free"

/** All that can be asked for, whatever the start. */
export interface AnyRequest {
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
  /** How the run begins; `inversion` and `inversion-free` need a `video` and a `sourcePrompt`. Default `noise`. */
  readonly start?: StartKind
  /** What `video` shows, for `inversion` and `inversion-free`. */
  readonly sourcePrompt?: string
  /** Strength of the guidance by `sourcePrompt`. Default 1: none. */
  readonly sourceGuidance?: number
  /** How many of the steps, from the noisiest on, change `video`, in 0…1: 1 keeps nothing of it under added noise. Default 0.8. */
  readonly strength?: number
  /** Shows the clean estimate every so many steps; 0, the default, never. */
  readonly previewEvery?: number
}

/** What to generate, from noise. Without `image` and `video` it is text-to-video. */
export interface GenerateRequest extends AnyRequest {
  readonly start?: "noise"
}

/** What to make of a video, from the noise that it would have come from. */
export interface InversionRequest extends AnyRequest {
  readonly start: "inversion"
  readonly video: Video
  readonly sourcePrompt: string
}

/** What to make of a video, without going through noise. */
export interface InversionFreeRequest extends AnyRequest {
  readonly start: "inversion-free"
  readonly video: Video
  readonly sourcePrompt: string
}
