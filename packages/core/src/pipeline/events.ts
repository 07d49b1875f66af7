import type { Checkpoint } from "./checkpoint.ts"
import type { Latents, Video } from "../tensor/tensor.ts"
import type { Pixels } from "../services/video-vae.ts"

/** What happens while a video is made, in order. */
export type GenerateEvent =
  /** The prompt is encoded; `truncated` is the end of it that did not fit. */
  | { readonly type: "text-end"; readonly truncated: string | undefined }
  /** `inversion` has walked the source video `done` of `total` steps back to noise. */
  | { readonly type: "inversion-progress"; readonly done: number; readonly total: number }
  /** The network is about to be asked for step `index` of `total`, counted from 0. */
  | { readonly type: "step-start"; readonly index: number; readonly total: number }
  /** A step is done. `checkpoint` continues after it; of the last one, only the decoding is left. */
  | {
      readonly type: "step-end"
      readonly index: number
      readonly total: number
      readonly latents: Latents
      readonly checkpoint: Checkpoint
    }
  /** The first frame of the network's present estimate of the result. (1, 1, height, width, 3) */
  | { readonly type: "preview"; readonly index: number; readonly image: Video }
  /** Frames are decoded: `frames` are the new ones and `pixels` the same before rounding; `done` of `total` are there. */
  | {
      readonly type: "decode-progress"
      readonly frames: Video
      readonly pixels: Pixels
      readonly done: number
      readonly total: number
    }
  /** The result. */
  | { readonly type: "video-end"; readonly video: Video }
