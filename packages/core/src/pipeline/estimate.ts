import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Cost } from "../services/cost.ts"
import { Denoiser } from "../services/denoiser.ts"
import { Editor } from "../services/editor.ts"
import type { EngineError, ModelError, PipelineError, RequestError } from "../services/errors.ts"
import { Guidance } from "../services/guidance.ts"
import { Hardware, secondsToLoad, secondsToRun } from "../services/hardware.ts"
import { Inversion } from "../services/inversion.ts"
import { planInversion } from "./invert.ts"
import type { PipelineRequest } from "./video-request.ts"
import { failWithThrown } from "./component-error.ts"
import { planRun, type RunPlan } from "./plan.ts"
import { Sampler } from "../services/sampler.ts"
import { TextEncoder } from "../services/text-encoder.ts"
import { VideoVae } from "../services/video-vae.ts"

/** A part of making a video, and the memory that is taken meanwhile: by it and by what is still there of the ones before. */
export interface EstimatedStage {
  readonly name: "load" | "text" | "encode" | "invert" | "denoise" | "decode"
  readonly bytes: number
  readonly seconds: number
}

/** What a request takes before it runs: memory beyond that of the idle process, and time until the frames are there. */
export interface Estimate {
  readonly peakBytes: number
  readonly seconds: number
  readonly stages: ReadonlyArray<EstimatedStage>
}

export type EstimatedComponents = TextEncoder | Denoiser | VideoVae | Sampler | Guidance

/** Peak memory and time of a request, from the graphs of its parts; fails as `generate` would for a request that cannot be made. */
export const estimate: (
  request: PipelineRequest,
) => Effect.Effect<Estimate, RequestError | ModelError | EngineError | PipelineError, EstimatedComponents> =
  Effect.fnUntraced(function* (request) {
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
  }, failWithThrown)

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
  request: Pick<
    PipelineRequest,
    "guidanceScale" | "sourceGuidanceScale" | "sourcePrompt" | "start" | "image" | "video"
  >,
  plan: RunPlan,
  inTiles?: boolean,
) => Effect.Effect<ReadonlyArray<CostedStage>, ModelError, EstimatedComponents> = Effect.fnUntraced(function* (
  request,
  plan,
  inTiles = false,
) {
  const { latents, padding, frames, height, width } = plan.size
  const textEncoder = yield* TextEncoder
  const denoiser = yield* Denoiser
  const vae = yield* VideoVae
  const guidance = yield* Guidance
  const { sessionBytes = Number.POSITIVE_INFINITY, runtimeBytes = 0 } = yield* Hardware
  const textsAt = (scale: number): number => (guidance.usesUnconditional(scale) ? 2 : 1)
  const texts = textsAt(request.guidanceScale)
  const asked = yield* askedOf(request, plan)
  const evaluations = asked.up + asked.down

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
    const sourceTexts = request.sourcePrompt === undefined ? 0 : textsAt(request.sourceGuidanceScale ?? 1)
    add("text", texts + sourceTexts, yield* textEncoder.cost)
    if (request.video !== undefined || request.image !== undefined) {
      add("encode", 1, yield* vae.encodeCost({ frames: request.video === undefined ? 1 : frames, height, width }))
    }
    if (asked.up > 0) add("invert", asked.up, yield* denoiser.cost(latents, sourceTexts))
    // An edit asks with both prompts in turn; the dearer one stands for both.
    const most = request.start === "inversion-free" ? Math.max(texts, sourceTexts) : texts
    add("denoise", asked.down, yield* denoiser.cost(latents, most))
  }
  // The frames as they come, and the whole video in which they are joined.
  const videoBytes = 2 * frames * height * width * 3
  add("decode", 1, yield* vae.decodeCost({ ...latents, frames: latents.frames - padding }, inTiles), videoBytes)
  return stages
})

/** How often the network is asked on the way up to noise, where there is one, and on the way down. */
const askedOf = Effect.fnUntraced(function* (
  { start, video }: Pick<PipelineRequest, "start" | "video">,
  plan: RunPlan,
) {
  const { schedule, beginIndex } = plan
  const down = schedule.levels.length - beginIndex
  if (start === "inversion-free") {
    const editor = Option.getOrUndefined(yield* Effect.serviceOption(Editor))
    return { up: 0, down: down * (editor?.evaluationsPerStep ?? 2) }
  }
  const inversion = Option.getOrUndefined(yield* Effect.serviceOption(Inversion))
  if (start !== "inversion" || video === undefined || inversion === undefined) return { up: 0, down }
  const { process } = yield* Sampler
  return { up: planInversion(inversion, schedule, beginIndex, process).schedule.levels.length, down }
})

const sumOf = (numbers: ReadonlyArray<number>): number => numbers.reduce((sum, each) => sum + each, 0)
