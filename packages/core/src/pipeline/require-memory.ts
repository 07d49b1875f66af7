import * as Effect from "effect/Effect"
import { Denoiser } from "../services/denoiser.ts"
import { type ModelError, RequestError } from "../services/errors.ts"
import { Hardware } from "../services/hardware.ts"
import { VideoVae } from "../services/video-vae.ts"
import { type CostedStage, estimateMemory } from "./estimate.ts"
import type { Components } from "./run.ts"
import { type VideoSize, videoSize } from "./latent-size.ts"
import type { PipelineRequest } from "./pipeline-request.ts"
import type { RunPlan } from "./plan.ts"

/** Fails before any work when a request needs more memory than there is, and names the setting that would make it fit. */
export const requireMemory: (
  request: PipelineRequest,
  plan: RunPlan,
) => Effect.Effect<void, RequestError | ModelError, Components> = Effect.fnUntraced(function* (request, plan) {
  const { memoryBytes } = yield* Hardware
  if (memoryBytes === Number.POSITIVE_INFINITY) return
  const stages = yield* estimateMemory(request, plan)
  const peak = peakOf(stages)
  if (peak <= memoryBytes) return
  const stage = stages.find(({ bytes }) => bytes === peak)!
  const fix = yield* whatWouldFit(request, plan, memoryBytes, peak)
  const { frames, height, width } = plan.size
  return yield* new RequestError({
    message: `${counted(frames)} of ${width}×${height} need about ${gigabytes(peak)} of memory (to ${verbs[stage.name]}), but ${gigabytes(memoryBytes)} are free: ${fix}.`,
  })
})

const peakOf = (stages: ReadonlyArray<CostedStage>): number => Math.max(...stages.map(({ bytes }) => bytes))

const verbs = {
  text: "encode the prompt",
  encode: "encode the image or video",
  invert: "walk the video back to noise",
  denoise: "denoise",
  decode: "decode",
} as const

/** Work in tiles, or else the longest video that fits, or else the largest picture. */
const whatWouldFit = Effect.fnUntraced(function* (
  request: PipelineRequest,
  plan: RunPlan,
  memoryBytes: number,
  peak: number,
) {
  const vae = yield* VideoVae
  const denoiser = yield* Denoiser
  const { frames, height, width, padding } = plan.size
  if (peakOf(yield* estimateMemory(request, plan, true)) <= memoryBytes) {
    return "decode in tiles (`tiling`), which takes longer"
  }
  const legal = (smaller: Pick<PipelineRequest, "frames" | "height" | "width">): VideoSize | undefined => {
    try {
      const planned = videoSize(smaller, vae, denoiser)
      // A video to start from cannot be padded.
      return request.video !== undefined && planned.padding > 0 ? undefined : planned
    } catch {
      return undefined
    }
  }
  const peakAt = (size: VideoSize) => Effect.map(estimateMemory(request, { ...plan, size }), peakOf)
  const shorter = plan.size.latents.frames - padding - 1
  const ofLength = (latentFrames: number) => legal({ frames: vae.decodedFrames(latentFrames), height, width })
  // A VAE takes even and odd numbers in different chunks (8N and 8N+1 frames), so memory grows within each of the two only.
  const search = [peakAt, memoryBytes, peak] as const
  const even = yield* mostThatFit(Math.floor(shorter / 2), (half) => ofLength(2 * half), ...search)
  const odd = yield* mostThatFit(Math.ceil(shorter / 2), (half) => ofLength(2 * half - 1), ...search)
  const fewer = Math.max(even?.frames ?? 0, odd?.frames ?? 0)
  if (fewer > 0) return request.video === undefined ? `ask for ${counted(fewer)}` : `give a video of ${counted(fewer)}`
  for (const part of [3 / 4, 1 / 2, 1 / 4]) {
    const shrink = (length: number, patch: number): number => {
      const multiple = patch * vae.spatialCompression
      return Math.max(Math.floor((length * part) / multiple) * multiple, multiple)
    }
    const size = { height: shrink(height, denoiser.patch.height), width: shrink(width, denoiser.patch.width) }
    const smaller = legal({ frames, ...size })
    if (smaller !== undefined && (yield* peakAt(smaller)) <= memoryBytes) {
      const pixels = `${size.width}×${size.height} pixels`
      if (request.video !== undefined) return `resize the video to ${pixels}`
      return request.image === undefined ? `ask for ${pixels}` : `resize the image to ${pixels}`
    }
  }
  return "free memory, or use a smaller model"
})

/**
 * The longest of the plans 1 to `most` that are legal and fit. Memory grows with them, and mostly along a line: the next try is where
 * the line through the last two tries, `beyond` being that of one more than `most`, meets what there is; every fourth one halves.
 */
const mostThatFit = Effect.fnUntraced(function* <E, R>(
  most: number,
  planOf: (length: number) => VideoSize | undefined,
  peakAt: (size: VideoSize) => Effect.Effect<number, E, R>,
  memoryBytes: number,
  beyond: number,
) {
  let longest: VideoSize | undefined
  // Of the lengths up to `below` the longest that fits is known, and none from `above` on fits.
  let [below, above] = [0, most + 1]
  let [before, last] = [
    { length: 0, peak: 0 },
    { length: above, peak: beyond },
  ]
  for (let tries = 1; above - below > 1; tries++) {
    // A try takes seconds where graphs are large, and an interruption has to be heard meanwhile.
    yield* Effect.yieldNow
    const slope = (last.peak - before.peak) / (last.length - before.length)
    const crossing = Math.floor(last.length + (memoryBytes - last.peak) / slope)
    const halves = tries % 4 === 0 || Number.isNaN(crossing)
    const longer = halves ? Math.floor((below + above) / 2) : Math.min(Math.max(crossing, below + 1), above - 1)
    let length = longer
    let plan = planOf(length)
    while (plan === undefined && length - 1 > below) plan = planOf(--length)
    if (plan !== undefined) {
      before = last
      last = { length, peak: yield* peakAt(plan) }
    }
    if (plan !== undefined && last.peak > memoryBytes) above = length
    else {
      below = longer
      longest = plan ?? longest
    }
  }
  return longest
})

const counted = (frames: number): string => `${frames} ${frames === 1 ? "frame" : "frames"}`

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`
