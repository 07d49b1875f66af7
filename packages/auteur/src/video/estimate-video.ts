import { estimate, type Estimate, type GenerateError, Hardware, type MediaError, type PluginError } from "@auteur/core"
import * as Effect from "effect/Effect"
import type { CurrentModel } from "../model/model-services.ts"
import { planVideo, type VideoOptions } from "./plan-video.ts"
import type { VideoRecord } from "./video-record.ts"

/** The memory and time that a video takes, and the memory that this machine has. */
export interface VideoEstimate extends Estimate {
  /** The settings of the video, with their defaults written out. */
  readonly record: VideoRecord
  /** Bytes of memory that are free. */
  readonly freeBytes: number
}

/** Peak memory and time of a video before it is made; fails as making it would for one that cannot be made. */
export const estimateVideo: (
  prompt: string,
  options: VideoOptions,
) => Effect.Effect<VideoEstimate, GenerateError | MediaError | PluginError, CurrentModel> = Effect.fnUntraced(
  function* (prompt, options) {
    const { request, record, components } = yield* planVideo(prompt, options)
    const estimated = Effect.gen(function* () {
      const { memoryBytes } = yield* Hardware
      return { ...(yield* estimate(request)), record, freeBytes: memoryBytes }
    })
    return yield* Effect.provideContext(estimated, components)
  },
  Effect.scoped,
)
