import * as Effect from "effect/Effect"
import type { Cost } from "./cost.ts"
import { Denoiser } from "./denoiser.ts"
import type { EngineError, ModelError, RequestError } from "./errors.ts"
import { Guidance } from "./guidance.ts"
import { Hardware, secondsToLoad, secondsToRun } from "./hardware.ts"
import type { AnyRequest } from "./request.ts"
import { planRun, type RunPlan } from "./run-plan.ts"
import type { Sampler } from "./sampler.ts"
import { TextEncoder } from "./text-encoder.ts"
import { VideoVae } from "./video-vae.ts"

/** A part of making a video, and the memory that is taken meanwhile: by it and by what is still there of the ones before. */
export interface EstimatedStage {
  readonly name: "load" | "text" | "encode" | "denoise" | "decode"
  readonly bytes: number
  readonly seconds: number
}

/** What a request takes before it runs: memory beyond that of the idle process, and time until the frames are there. */
export interface Estimate {
  readonly peakBytes: number
  readonly seconds: number
  readonly stages: ReadonlyArray<EstimatedStage>
}

export type EstimatedParts = TextEncoder | Denoiser | VideoVae | Sampler | Guidance

/** Peak memory and time of a request, from the graphs of its parts; fails as `generate` would for a request that cannot be made. */
export const estimate: (
  request: AnyRequest,
) => Effect.Effect<Estimate, RequestError | ModelError | EngineError, EstimatedParts> = Effect.fnUntraced(
  function* (request) {
    const stages = yield* estimateMemory(request, yield* planRun(request))
    const speed = yield* (yield* Hardware).speed
    const timed = stages.map(({ name, bytes, times, cost }): EstimatedStage => {
      const seconds = times * secondsToRun(cost, speed)
      return { name, bytes, seconds }
    })
    const load: EstimatedStage = {
      name: "load",
      bytes: Math.min(...stages.map(({ bytes }) => bytes)),
      seconds: speed.startSeconds + sumOf(stages.map(({ cost }) => secondsToLoad(cost, speed))),
    }
    return {
      peakBytes: Math.max(...stages.map(({ bytes }) => bytes)),
      seconds: sumOf([load, ...timed].map(({ seconds }) => seconds)),
      stages: [load, ...timed],
    }
  },
)

/** A stage with what it costs, and the memory that is taken while it runs. */
export interface CostedStage {
  readonly name: Exclude<EstimatedStage["name"], "load">
  /** How often it runs. */
  readonly times: number
  /** Of running it once. */
  readonly cost: Cost
  readonly bytes: number
}

/** The stages of a run and their memory; `inTiles` as if the VAE were set to work in tiles. */
export const estimateMemory: (
  request: Pick<AnyRequest, "guidance" | "image" | "video">,
  plan: RunPlan,
  inTiles?: boolean,
) => Effect.Effect<ReadonlyArray<CostedStage>, ModelError, EstimatedParts> = Effect.fnUntraced(function* (
  request,
  { latents: { size, padding, frames, height, width }, steps, begin },
  inTiles = false,
) {
  const textEncoder = yield* TextEncoder
  const denoiser = yield* Denoiser
  const vae = yield* VideoVae
  const guidance = yield* Guidance
  const { sessionBytes = Number.POSITIVE_INFINITY, runtimeBytes = 0 } = yield* Hardware
  const texts = guidance.usesUnconditional(request.guidance) ? 2 : 1
  const evaluations = steps.levels.length - begin

  const stages: Array<CostedStage> = []
  const idle: Array<number> = []
  const add = (name: CostedStage["name"], times: number, cost: Cost, otherBytes = 0) => {
    const own = cost.weightBytes + cost.activationBytes
    // The sessions that were used longest ago make way.
    while (idle.length > 0 && sumOf(idle) + own > sessionBytes) idle.shift()
    stages.push({ name, times, cost, bytes: runtimeBytes + sumOf(idle) + own + otherBytes })
    idle.push(cost.weightBytes + (cost.keptBytes ?? 0))
  }
  if (evaluations > 0) {
    add("text", texts, yield* textEncoder.cost)
    if (request.video !== undefined || request.image !== undefined) {
      add("encode", 1, yield* vae.encodeCost({ frames: request.video === undefined ? 1 : frames, height, width }))
    }
    add("denoise", evaluations, yield* denoiser.cost(size, texts))
  }
  // The frames as they come, and the whole video in which they are joined.
  const videoBytes = 2 * frames * height * width * 3
  add("decode", 1, yield* vae.decodeCost({ ...size, frames: size.frames - padding }, inTiles), videoBytes)
  return stages
})

const sumOf = (numbers: ReadonlyArray<number>): number => numbers.reduce((sum, each) => sum + each, 0)
