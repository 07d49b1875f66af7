import * as Effect from "effect/Effect"
import { changeProcess, rectifiedFlow } from "../noise/noise-levels.ts"
import type { NoiseProcess } from "../noise/noise-process.ts"
import { componentName } from "../plugin/component-origin.ts"
import { Denoiser } from "../services/denoiser.ts"
import { PipelineError, RequestError } from "../services/errors.ts"
import { Sampler, type Schedule } from "../services/sampler.ts"
import { VideoVae } from "../services/video-vae.ts"
import type { Video } from "../tensor/tensor.ts"
import { scheduleOf, stepsOf } from "./given-schedule.ts"
import { type VideoSize, videoSize } from "./latent-size.ts"
import type { PipelineRequest, RunRequest } from "./pipeline-request.ts"
import { validateRequest } from "./validate-request.ts"
import { requestDefaults } from "./video-request.ts"

/** The plan of a request with the model and the sampler at hand, before it runs. */
export interface RunPlan {
  /** The request with its defaults and lengths written out, and without its tensors. */
  readonly request: RunRequest
  readonly size: VideoSize
  readonly schedule: Schedule
  /** The first step of the run; beyond the last one only the decoding is left. */
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
      validateRequest(request)
      const { image: _i, video, latents: _l, promptEmbeddings: _p, negativePromptEmbeddings: _n, ...settings } = request
      const { guidanceScale = requestDefaults.guidanceScale } = settings
      const steps = stepsOf(settings)
      const size = videoSize(request, vae, denoiser)
      const { frames, height, width } = size
      const whole: RunRequest = { ...settings, steps, guidanceScale, frames, height, width }
      const ofSampler = checkSchedule("sampler", sampler, scheduleOf(sampler, steps, settings))
      const schedule = request.start === "inversion-free" ? editSchedule(ofSampler, sampler.process) : ofSampler
      return { request: whole, size, schedule, beginIndex: beginIndexOf({ ...whole, video }, schedule) }
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

/** Throws a {@link PipelineError} where the network cannot be evaluated along the schedule of a sampler or an inversion. */
export const checkSchedule = (
  kind: "sampler" | "inversion",
  component: { readonly name: string },
  schedule: Schedule,
): Schedule => {
  const who = componentName(kind, component, component.name)
  if (!Array.isArray(schedule?.levels) || schedule.levels.length === 0) {
    throw new PipelineError({ message: `${who} gave a schedule without levels: it has to hold at least one.` })
  }
  const odd = schedule.levels.findIndex(
    (level) => ![level?.alpha, level?.sigma, level?.timestep].every(Number.isFinite),
  )
  if (odd === -1) return schedule
  throw new PipelineError({
    message: `${who} gave a schedule whose level ${odd} is ${JSON.stringify(schedule.levels[odd])}: "alpha", "sigma" and "timestep" have to be finite numbers.`,
  })
}

/** The levels of a schedule in the coordinates of rectified flow, each once: the steps of an editor. */
const editSchedule = (schedule: Schedule, process: NoiseProcess): Schedule => {
  const levels = schedule.levels.map((level) => changeProcess(process, rectifiedFlow, level).level)
  return { levels: levels.filter(({ sigma }, i) => i === 0 || sigma < levels[i - 1]!.sigma) }
}

/**
 * The step of the schedule that a run begins at: 0, or for video-to-video where the last `strength` of the steps begin
 * (SDEdit, arXiv 2108.01073). Throws a {@link RequestError} when the strength leaves no step.
 */
export const beginIndexOf = (
  {
    steps,
    strength = requestDefaults.strength,
    video,
  }: Pick<RunRequest, "steps" | "strength"> & { readonly video?: Video | undefined },
  { levels }: Schedule,
): number => {
  if (video === undefined) return 0
  const kept = Math.floor(steps * strength)
  if (kept < 1) {
    throw new RequestError({
      message: `A strength of ${strength} leaves none of ${steps} steps to do: give at least ${Math.ceil(10_000 / steps) / 10_000}.`,
    })
  }
  return (steps - kept) * levelsPerStep(steps, levels.length)
}

/** Steps that a run has from its first one on: what the reference counts as its steps. */
export const stepsFrom = (beginIndex: number, steps: number, { levels }: Schedule): number =>
  steps - beginIndex / levelsPerStep(steps, levels.length)

/** Heun's method lists a level as the end of one step and again as the start of the next, where a run can begin. */
const levelsPerStep = (steps: number, levels: number): number => Math.ceil(levels / steps)
