import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Denoiser } from "./denoiser.ts"
import { type ModelError, RequestError } from "./errors.ts"
import { Guidance } from "./guidance.ts"
import { planLatents } from "./legal-size.ts"
import type { GenerateRequest } from "./request.ts"
import { planRun, type RunPlan } from "./run-plan.ts"
import type { Sampler } from "./sampler.ts"
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

/** Peak memory and time of a request, from the graphs of its parts; fails as `generate` would for a request that cannot be made. */
export const estimate = (request: GenerateRequest): Effect.Effect<Estimate, RequestError | ModelError, Parts> =>
  Effect.flatMap(planRun(request), (plan) => estimateRun(request, plan))

const estimateRun = Effect.fnUntraced(function* (
  request: Pick<GenerateRequest, "guidance">,
  { latents: { size, padding }, steps, begin }: RunPlan,
) {
  const textEncoder = yield* TextEncoder
  const denoiser = yield* Denoiser
  const vae = yield* VideoVae
  const guidance = yield* Guidance
  const { flopsPerSecond } = yield* Hardware
  const texts = guidance.usesUnconditional(request.guidance) ? 2 : 1
  const evaluations = steps.levels.length - begin
  const denoising: ReadonlyArray<readonly [string, number, Cost]> =
    evaluations === 0
      ? []
      : [
          ["text", texts, yield* textEncoder.cost],
          ["denoise", evaluations, yield* denoiser.cost(size, texts)],
        ]
  const decoding = ["decode", 1, yield* vae.decodeCost({ ...size, frames: size.frames - padding })] as const
  const stages = [...denoising, decoding].map(([name, times, cost]) => ({
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
  plan: RunPlan,
) => Effect.Effect<void, RequestError | ModelError, Parts> = Effect.fnUntraced(function* (request, plan) {
  const { memoryBytes } = yield* Hardware
  if (memoryBytes === Number.POSITIVE_INFINITY) return
  const { peakBytes, stages } = yield* estimateRun(request, plan)
  if (peakBytes <= memoryBytes) return
  const stage = stages.find((each) => each.bytes === peakBytes)!
  const mend = yield* whatWouldFit(request, plan, memoryBytes)
  const { frames, height, width } = plan.latents
  return yield* new RequestError({
    message: `${counted(frames)} of ${width}×${height} need about ${gigabytes(peakBytes)} of memory (to ${stage.name}), but ${gigabytes(memoryBytes)} are free: ${mend}.`,
  })
})

/** The longest video that fits, or else the largest picture. */
const whatWouldFit = Effect.fnUntraced(function* (request: GenerateRequest, plan: RunPlan, memoryBytes: number) {
  const vae = yield* VideoVae
  const denoiser = yield* Denoiser
  const { frames, height, width, padding } = plan.latents
  const fits = Effect.fnUntraced(function* (smaller: Pick<GenerateRequest, "frames" | "height" | "width">) {
    const planned = yield* Effect.option(Effect.try(() => planLatents(smaller, vae, denoiser)))
    if (Option.isNone(planned)) return false
    // A video to start from cannot be padded.
    if (request.video !== undefined && planned.value.padding > 0) return false
    const { peakBytes } = yield* estimateRun(request, { ...plan, latents: planned.value })
    return peakBytes <= memoryBytes
  })
  for (let latentFrames = plan.latents.size.frames - padding - 1; latentFrames > 0; latentFrames--) {
    const fewer = vae.decodedFrames(latentFrames)
    if (yield* fits({ frames: fewer, height, width })) {
      return request.video === undefined ? `ask for ${counted(fewer)}` : `give a video of ${counted(fewer)}`
    }
  }
  for (const part of [3 / 4, 1 / 2, 1 / 4]) {
    const shrink = (length: number, patch: number): number => {
      const multiple = patch * vae.spatialCompression
      return Math.max(Math.floor((length * part) / multiple) * multiple, multiple)
    }
    const size = { height: shrink(height, denoiser.patch.height), width: shrink(width, denoiser.patch.width) }
    if (yield* fits({ frames, ...size })) {
      const pixels = `${size.width}×${size.height} pixels`
      if (request.video !== undefined) return `resize the video to ${pixels}`
      return request.image === undefined ? `ask for ${pixels}` : `resize the image to ${pixels}`
    }
  }
  return "free memory, or use a smaller model"
})

const counted = (frames: number): string => `${frames} ${frames === 1 ? "frame" : "frames"}`

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`
