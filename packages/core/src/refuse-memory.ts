import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Denoiser } from "./denoiser.ts"
import { type ModelError, RequestError } from "./errors.ts"
import { type CostedStage, type EstimatedParts, estimateMemory } from "./estimate.ts"
import { Hardware } from "./hardware.ts"
import { planLatents } from "./legal-size.ts"
import type { AnyRequest } from "./request.ts"
import type { RunPlan } from "./run-plan.ts"
import { VideoVae } from "./video-vae.ts"

/** Fails before any work when a request needs more memory than there is, and names the setting that would make it fit. */
export const refuseWhatDoesNotFit: (
  request: AnyRequest,
  plan: RunPlan,
) => Effect.Effect<void, RequestError | ModelError, EstimatedParts> = Effect.fnUntraced(function* (request, plan) {
  const { memoryBytes } = yield* Hardware
  if (memoryBytes === Number.POSITIVE_INFINITY) return
  const stages = yield* estimateMemory(request, plan)
  const peak = peakOf(stages)
  if (peak <= memoryBytes) return
  const stage = stages.find(({ bytes }) => bytes === peak)!
  const mend = yield* whatWouldFit(request, plan, memoryBytes)
  const { frames, height, width } = plan.latents
  return yield* new RequestError({
    message: `${counted(frames)} of ${width}×${height} need about ${gigabytes(peak)} of memory (to ${verbs[stage.name]}), but ${gigabytes(memoryBytes)} are free: ${mend}.`,
  })
})

const peakOf = (stages: ReadonlyArray<CostedStage>): number => Math.max(...stages.map(({ bytes }) => bytes))

const verbs = {
  text: "encode the prompt",
  encode: "encode what it starts from",
  invert: "walk the video back to noise",
  denoise: "denoise",
  decode: "decode",
} as const

/** Work in tiles, or else the longest video that fits, or else the largest picture. */
const whatWouldFit = Effect.fnUntraced(function* (request: AnyRequest, plan: RunPlan, memoryBytes: number) {
  const vae = yield* VideoVae
  const denoiser = yield* Denoiser
  const { frames, height, width, padding } = plan.latents
  if (peakOf(yield* estimateMemory(request, plan, true)) <= memoryBytes) {
    return "decode in tiles (`tiling`), which takes longer"
  }
  const fits = Effect.fnUntraced(function* (smaller: Pick<AnyRequest, "frames" | "height" | "width">) {
    const planned = yield* Effect.option(Effect.try(() => planLatents(smaller, vae, denoiser)))
    if (Option.isNone(planned)) return false
    // A video to start from cannot be padded.
    if (request.video !== undefined && planned.value.padding > 0) return false
    return peakOf(yield* estimateMemory(request, { ...plan, latents: planned.value })) <= memoryBytes
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
