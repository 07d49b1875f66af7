import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Denoiser } from "../services/denoiser.ts"
import { editStart } from "./edit.ts"
import type { EngineError, ModelError, PipelineError, RequestError } from "../services/errors.ts"
import type { GenerateEvent } from "./events.ts"
import type { Guidance } from "../services/guidance.ts"
import { Inversion } from "../services/inversion.ts"
import { invert, planInversion } from "./invert.ts"
import type { PipelineRequest } from "./video-request.ts"
import type { Run, RunTexts } from "./run.ts"
import { Sampler, initialState } from "../services/sampler.ts"
import { cleanLatents, type Start, startFromImage, startFromNoise, startFromVideo } from "./start.ts"
import { startComponent } from "./start-part.ts"
import type { VideoVae } from "../services/video-vae.ts"

/** How a run begins, once its prompts are encoded: what is told on the way, and at last where it starts. */
export type InitialLatents = (
  texts: RunTexts,
) => Stream.Stream<
  GenerateEvent | { readonly type: "started"; readonly start: Start },
  ModelError | EngineError | PipelineError,
  VideoVae | Denoiser | Guidance
>

/** The {@link InitialLatents} that a request asks for; a {@link RequestError} when it needs an inversion and there is none. */
export const initialLatents: (
  request: Pick<PipelineRequest, "image" | "video" | "start" | "latents">,
  run: Run,
) => Effect.Effect<InitialLatents, RequestError, Sampler> = Effect.fnUntraced(function* (
  { image, video, start = "noise", latents },
  { plan, random },
) {
  if (video !== undefined && start === "inversion") {
    const sampler = yield* Sampler
    const inversion = yield* startComponent(Inversion, start, "inversion")
    const climb = planInversion(inversion, plan.schedule, plan.beginIndex, sampler.process)
    const beginning: InitialLatents = (texts) =>
      Stream.unwrap(
        Effect.map(cleanLatents(video, plan.size.latents, random), (clean) =>
          Stream.map(invert(climb, clean, texts.source!, random), (item) =>
            item.type === "inverted"
              ? started({ state: initialState(item.noise, plan.beginIndex), image: undefined })
              : item,
          ),
        ),
      )
    return beginning
  }
  const first = Effect.suspend(() => {
    if (video !== undefined && start === "inversion-free") {
      return Effect.map(cleanLatents(video, plan.size.latents, random), (clean) => ({
        state: editStart(clean, plan.beginIndex),
        image: undefined,
      }))
    }
    if (video !== undefined) return startFromVideo(video, plan, random)
    if (image !== undefined) return startFromImage(image, plan, random, latents)
    return startFromNoise(plan, random, latents)
  })
  return () => Stream.fromEffect(Effect.map(first, started))
})

/** The beginning of a run that goes on from a state. */
export const resumedLatents =
  (start: Start): InitialLatents =>
  () =>
    Stream.succeed(started(start))

const started = (start: Start) => ({ type: "started" as const, start })
