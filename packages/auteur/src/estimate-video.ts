import { estimate, type Estimate, type GenerateError, Hardware, type MediaError } from "@auteur/core"
import * as Effect from "effect/Effect"
import type { ModelServices } from "./model-services.ts"
import { planVideo, type VideoOptions } from "./plan-video.ts"
import type { VideoRecord } from "./video-record.ts"

/** What making a video takes, and whether this machine has it. */
export interface VideoEstimate extends Estimate {
  readonly record: VideoRecord
  /** Bytes of memory that are free. */
  readonly freeBytes: number
}

/** Peak memory and time of a video before it is made; fails as making it would for one that cannot be made. */
export const estimateVideo: (
  prompt: string,
  options: VideoOptions,
) => Effect.Effect<VideoEstimate, GenerateError | MediaError, ModelServices> = Effect.fnUntraced(
  function* (prompt, options) {
    const { request, record } = yield* planVideo(prompt, options)
    const { memoryBytes } = yield* Hardware
    return { ...(yield* estimate(request)), record, freeBytes: memoryBytes }
  },
)
