import * as Effect from "effect/Effect"
import { beginStep } from "./begin-step.ts"
import { checkPlan } from "./check-plan.ts"
import { checkRequest } from "./check-request.ts"
import { editPlan } from "./editing.ts"
import { Denoiser } from "./denoiser.ts"
import { PipelineError, RequestError } from "./errors.ts"
import { type LatentPlan, planLatents } from "./legal-size.ts"
import type { PipelineRequest } from "./pipeline/video-request.ts"
import { type Plan, Sampler } from "./sampler.ts"
import { VideoVae } from "./video-vae.ts"

/** What a request comes to with the model and the sampler at hand. */
export interface RunPlan {
  readonly latents: LatentPlan
  readonly steps: Plan
  /** The first level that the network is asked at; beyond the last one only the decoding is left. */
  readonly begin: number
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
      const latents = planLatents(request, vae, denoiser)
      const sampled = checkPlan("sampler", sampler, sampler.plan(request.steps))
      const steps = request.start === "inversion-free" ? editPlan(sampled, sampler.process) : sampled
      return { latents, steps, begin: beginStep(request, steps) }
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
