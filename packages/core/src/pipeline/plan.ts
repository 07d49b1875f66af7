import * as Effect from "effect/Effect"
import { beginIndexOf } from "./begin-step.ts"
import { checkSchedule } from "./check-plan.ts"
import { checkRequest } from "./validate-request.ts"
import { editSchedule } from "./edit.ts"
import { Denoiser } from "../services/denoiser.ts"
import { PipelineError, RequestError } from "../services/errors.ts"
import { type VideoSize, videoSize } from "./latent-size.ts"
import type { PipelineRequest } from "./video-request.ts"
import { type Schedule, Sampler } from "../services/sampler.ts"
import { VideoVae } from "../services/video-vae.ts"

/** What a request comes to with the model and the sampler at hand. */
export interface RunPlan {
  readonly size: VideoSize
  readonly schedule: Schedule
  /** The first level that the network is asked at; beyond the last one only the decoding is left. */
  readonly beginIndex: number
}

/** Checks a request and plans it, before any work. */
export const planRun: (
  request: PipelineRequest,
) => Effect.Effect<RunPlan, RequestError, VideoVae | Denoiser | Sampler> = Effect.fnUntraced(function* (request) {
  const vae = yield* VideoVae
  const denoiser = yield* Denoiser
  const sampler = yield* Sampler
  return yield* Effect.try({
    try: (): RunPlan => {
      checkRequest(request)
      const size = videoSize(request, vae, denoiser)
      const sampled = checkSchedule("sampler", sampler, sampler.schedule(request.steps))
      const schedule = request.start === "inversion-free" ? editSchedule(sampled, sampler.process) : sampled
      return { size, schedule, beginIndex: beginIndexOf(request, schedule) }
    },
    catch: (thrown) =>
      thrown instanceof RequestError
        ? thrown
        : thrown instanceof PipelineError
          ? new RequestError({ message: thrown.message, cause: thrown })
          : new RequestError({
              message: `The request cannot be planned with the model "${denoiser.name}" and the sampler "${sampler.name}": ${thrown instanceof Error ? thrown.message : String(thrown)}`,
              cause: thrown,
            }),
  })
})
