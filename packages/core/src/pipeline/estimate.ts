import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Cost } from "../services/cost.ts"
import { Denoiser } from "../services/denoiser.ts"
import { Editor } from "../services/editor.ts"
import type { EngineError, ModelError, PipelineError, RequestError } from "../services/errors.ts"
import { Guidance } from "../services/guidance.ts"
import { Hardware, secondsToLoad, secondsToRun } from "../services/hardware.ts"
import { Inversion } from "../services/inversion.ts"
import { Sampler } from "../services/sampler.ts"
import { TextEncoder } from "../services/text-encoder.ts"
import { VideoVae } from "../services/video-vae.ts"
import { failWithThrown } from "./component-error.ts"
import type { Components } from "./run.ts"
import { planInversion } from "./invert.ts"
import type { PipelineRequest } from "./pipeline-request.ts"
import { planRun, type RunPlan } from "./plan.ts"

/** A stage of a run. `bytes` counts the memory of the stage itself and what the stages before it still hold. */
export interface EstimatedStage {
  readonly name: "load" | "text" | "encode" | "invert" | "denoise" | "decode"
  readonly bytes: number
  readonly seconds: number
}

/** Memory of a request beyond that of the idle process, and the time until its frames are there. */
export interface Estimate {
  readonly peakBytes: number
  readonly seconds: number
  readonly stages: ReadonlyArray<EstimatedStage>
}

/** Peak memory and time of a request, from the graphs of its components; fails as `generate` does for a request that cannot be made. */
export const estimate: (
  request: PipelineRequest,
) => Effect.Effect<Estimate, RequestError | ModelError | EngineError | PipelineError, Components> = Effect.fnUntraced(
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
  failWithThrown,
)

/** A stage with what it costs, and the memory that is taken while it runs. */
export interface CostedStage {
  readonly name: Exclude<EstimatedStage["name"], "load">
  /** How often it runs. */
  readonly times: number
  /** The cost of running it once. */
  readonly cost: Cost
  readonly bytes: number
}

/** The stages of a run and their memory; `inTiles` estimates as if the VAE worked in tiles. */
export const estimateMemory: (
  request: Pick<PipelineRequest, "image" | "video" | "promptEmbeddings" | "negativePromptEmbeddings">,
  plan: RunPlan,
  inTiles?: boolean,
) => Effect.Effect<ReadonlyArray<CostedStage>, ModelError, Components> = Effect.fnUntraced(function* (
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
  const { guidanceScale, sourceGuidanceScale = 1, sourcePrompt, start } = plan.request
  const texts = textsAt(guidanceScale)
  const evaluations = yield* evaluationsOf(request, plan)

  const stages: Array<CostedStage> = []
  const idle: Array<number> = []
  const add = (name: CostedStage["name"], times: number, cost: Cost, otherBytes = 0) => {
    const own = cost.weightBytes + cost.activationBytes
    // The sessions that were used longest ago make way.
    while (idle.length > 0 && sumOf(idle) + own > sessionBytes) idle.shift()
    stages.push({ name, times, cost, bytes: runtimeBytes + sumOf(idle) + own + otherBytes })
    idle.push(cost.weightBytes + (cost.keptBytes ?? 0))
  }
  if (evaluations.up + evaluations.down > 0) {
    const sourceTexts = sourcePrompt === undefined ? 0 : textsAt(sourceGuidanceScale)
    const given =
      Number(request.promptEmbeddings !== undefined) + Number(request.negativePromptEmbeddings !== undefined)
    const encoded = Math.max(texts - given, 0) + sourceTexts
    if (encoded > 0) add("text", encoded, yield* textEncoder.cost)
    if (request.video !== undefined || request.image !== undefined) {
      add("encode", 1, yield* vae.encodeCost({ frames: request.video === undefined ? 1 : frames, height, width }))
    }
    if (evaluations.up > 0) add("invert", evaluations.up, yield* denoiser.cost(latents, sourceTexts))
    // An edit evaluates both prompts in turn; the more expensive one stands for both.
    const most = start === "inversion-free" ? Math.max(texts, sourceTexts) : texts
    add("denoise", evaluations.down, yield* denoiser.cost(latents, most))
  }
  // The frames as they come, and the whole video in which they are joined.
  const videoBytes = 2 * frames * height * width * 3
  add("decode", 1, yield* vae.decodeCost({ ...latents, frames: latents.frames - padding }, inTiles), videoBytes)
  return stages
})

/** Evaluations of the network on the way up to noise, where there is one, and on the way down. */
const evaluationsOf = Effect.fnUntraced(function* ({ video }: Pick<PipelineRequest, "video">, plan: RunPlan) {
  const { schedule, beginIndex, request } = plan
  const { start } = request
  const down = schedule.levels.length - beginIndex
  if (start === "inversion-free") {
    const editor = Option.getOrUndefined(yield* Effect.serviceOption(Editor))
    return { up: 0, down: down * (editor?.evaluationsPerStep ?? 2) }
  }
  const inversion = Option.getOrUndefined(yield* Effect.serviceOption(Inversion))
  if (start !== "inversion" || video === undefined || inversion === undefined) return { up: 0, down }
  const { process } = yield* Sampler
  return { up: planInversion(inversion, plan, process).schedule.levels.length, down }
})

const sumOf = (numbers: ReadonlyArray<number>): number => numbers.reduce((sum, each) => sum + each, 0)
