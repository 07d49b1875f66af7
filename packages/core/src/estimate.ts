import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { Denoiser, type LatentSize } from "./denoiser.ts"
import { type ModelError, RequestError } from "./errors.ts"
import { Guidance } from "./guidance.ts"
import { type LatentPlan, planLatents } from "./legal-size.ts"
import type { GenerateRequest } from "./request.ts"
import { Sampler } from "./sampler.ts"
import { TextEncoder } from "./text-encoder.ts"
import { VideoVae } from "./video-vae.ts"

/** What running a part of the pipeline once takes. */
export interface Cost {
  /** Floating-point operations. */
  readonly flops: number
  /** Bytes of the weights in memory while it runs. */
  readonly weightBytes: number
  /** Bytes of the largest set of intermediate results alive at once. */
  readonly activationBytes: number
}

/** What a request takes before it runs. */
export interface Estimate {
  readonly peakBytes: number
  readonly seconds: number
  readonly stages: ReadonlyArray<{ readonly name: string; readonly bytes: number; readonly seconds: number }>
}

/** What the machine can do. Without a layer that measured it, memory is unlimited and the speed a guess for a small computer. */
export const Hardware: Context.Reference<{
  readonly memoryBytes: number
  readonly flopsPerSecond: number
}> = Context.Reference("@auteur/core/Hardware", {
  defaultValue: () => ({ memoryBytes: Number.POSITIVE_INFINITY, flopsPerSecond: 1e11 }),
})

type Parts = TextEncoder | Denoiser | VideoVae | Sampler | Guidance

/** Peak memory and time of a request, from the graphs of its parts. */
export const estimate = (request: GenerateRequest): Effect.Effect<Estimate, RequestError | ModelError, Parts> =>
  Effect.gen(function* () {
    const vae = yield* VideoVae
    const denoiser = yield* Denoiser
    const plan = yield* Effect.try({
      try: () => planLatents(request, vae, denoiser),
      catch: (cause) => cause as RequestError,
    })
    return yield* estimateSize(request, plan)
  })

const estimateSize = Effect.fnUntraced(function* (
  request: Pick<GenerateRequest, "steps" | "guidance">,
  { size, padding }: Pick<LatentPlan, "size" | "padding">,
) {
  const textEncoder = yield* TextEncoder
  const denoiser = yield* Denoiser
  const vae = yield* VideoVae
  const sampler = yield* Sampler
  const guidance = yield* Guidance
  const { flopsPerSecond } = yield* Hardware
  const texts = guidance.usesUnconditional(request.guidance) ? 2 : 1
  const evaluations = sampler.plan(request.steps).levels.length
  const costs: ReadonlyArray<readonly [string, number, Cost]> = [
    ["text", texts, yield* textEncoder.cost],
    ["denoise", evaluations, yield* denoiser.cost(size, texts)],
    ["decode", 1, yield* vae.decodeCost({ ...size, frames: size.frames - padding })],
  ]
  const stages = costs.map(([name, times, cost]) => ({
    name,
    bytes: cost.weightBytes + cost.activationBytes,
    seconds: (times * cost.flops) / flopsPerSecond,
  }))
  const result: Estimate = {
    peakBytes: Math.max(...stages.map((stage) => stage.bytes)),
    seconds: stages.reduce((sum, stage) => sum + stage.seconds, 0),
    stages,
  }
  return result
})

/** Fails before any work when a request needs more memory than there is, and names the setting that would make it fit. */
export const refuseWhatDoesNotFit: (
  request: GenerateRequest,
  plan: LatentPlan,
) => Effect.Effect<void, RequestError | ModelError, Parts> = Effect.fnUntraced(function* (request, plan) {
  const { memoryBytes } = yield* Hardware
  if (memoryBytes === Number.POSITIVE_INFINITY) return
  const { peakBytes, stages } = yield* estimateSize(request, plan)
  if (peakBytes <= memoryBytes) return
  const stage = stages.find((each) => each.bytes === peakBytes)!
  const fits = yield* smallerThatFits(request, plan, memoryBytes)
  return yield* new RequestError({
    message: `${plan.frames} frames of ${plan.width}×${plan.height} need about ${gigabytes(peakBytes)} of memory (to ${stage.name}), but ${gigabytes(memoryBytes)} are free: ${fits}.`,
  })
})

const smallerThatFits = Effect.fnUntraced(function* (request: GenerateRequest, plan: LatentPlan, memoryBytes: number) {
  const denoiser = yield* Denoiser
  const vae = yield* VideoVae
  const fits = Effect.fnUntraced(function* (size: LatentSize) {
    if (denoiser.refuse(size) !== undefined) return false
    const { peakBytes } = yield* estimateSize(request, { size, padding: plan.padding })
    return peakBytes <= memoryBytes
  })
  for (let frames = plan.size.frames - 2; frames >= plan.padding + 1; frames -= 2) {
    if (yield* fits({ ...plan.size, frames })) return `ask for ${vae.decodedFrames(frames - plan.padding)} frames`
  }
  const { patch } = denoiser
  for (let parts = 3; parts >= 1; parts--) {
    const shrink = (length: number, multiple: number) =>
      Math.max(Math.floor((length * parts) / 4 / multiple) * multiple, multiple)
    const height = shrink(plan.size.height, patch.height)
    const width = shrink(plan.size.width, patch.width)
    if (yield* fits({ ...plan.size, height, width })) {
      return `ask for ${width * vae.spatialCompression}×${height * vae.spatialCompression} pixels`
    }
  }
  return "free memory, or use a smaller model"
})

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`
