import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Denoiser } from "./denoiser.ts"
import { editStart } from "./editing.ts"
import type { EngineError, ModelError, PipelineError, RequestError } from "./errors.ts"
import type { GenerateEvent } from "./events.ts"
import type { Guidance } from "./guidance.ts"
import { Inversion } from "./inversion.ts"
import { invert, planClimb } from "./inverting.ts"
import type { PipelineRequest } from "./pipeline/video-request.ts"
import type { Run, RunTexts } from "./run.ts"
import { Sampler, samplerStart } from "./sampler.ts"
import { cleanLatents, type Start, startFromImage, startFromNoise, startFromVideo } from "./start.ts"
import { startPart } from "./start-part.ts"
import type { VideoVae } from "./video-vae.ts"

/** How a run begins, once its prompts are encoded: what is told on the way, and at last where it starts. */
export type Beginning = (
  texts: RunTexts,
) => Stream.Stream<
  GenerateEvent | { readonly type: "started"; readonly start: Start },
  ModelError | EngineError | PipelineError,
  VideoVae | Denoiser | Guidance
>

/** The {@link Beginning} that a request asks for; a {@link RequestError} when it needs an inversion and there is none. */
export const beginningOf: (
  request: Pick<PipelineRequest, "image" | "video" | "start">,
  run: Run,
) => Effect.Effect<Beginning, RequestError, Sampler> = Effect.fnUntraced(function* (
  { image, video, start = "noise" },
  { plan, random },
) {
  if (video !== undefined && start === "inversion") {
    const sampler = yield* Sampler
    const inversion = yield* startPart(Inversion, start, "inversion")
    const climb = planClimb(inversion, plan.steps, plan.begin, sampler.process)
    const beginning: Beginning = (texts) =>
      Stream.unwrap(
        Effect.map(cleanLatents(video, plan.latents.size, random), (clean) =>
          Stream.map(invert(climb, clean, texts.source!, random), (item) =>
            item.type === "inverted"
              ? started({ state: samplerStart(item.noise, plan.begin), image: undefined })
              : item,
          ),
        ),
      )
    return beginning
  }
  const first = Effect.suspend(() => {
    if (video !== undefined && start === "inversion-free") {
      return Effect.map(cleanLatents(video, plan.latents.size, random), (clean) => ({
        state: editStart(clean, plan.begin),
        image: undefined,
      }))
    }
    if (video !== undefined) return startFromVideo(video, plan, random)
    if (image !== undefined) return startFromImage(image, plan, random)
    return startFromNoise(plan, random)
  })
  return () => Stream.fromEffect(Effect.map(first, started))
})

/** The beginning of a run that goes on from a state. */
export const beginningAt =
  (start: Start): Beginning =>
  () =>
    Stream.succeed(started(start))

const started = (start: Start) => ({ type: "started" as const, start })
