import {
  CheckpointError,
  estimate,
  generate,
  type GenerateError,
  Hardware,
  type MediaError,
  type PipelineRequest,
  planRun,
  type PluginError,
  resume,
  smallCore,
} from "@auteur/core"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { decodeRun, readCheckpoint } from "../file/saved-run.ts"
import type { ComponentOptions, Components } from "../model/components.ts"
import { CurrentModel } from "../model/model-services.ts"
import { planVideo } from "../video/plan-video.ts"
import { recordedComponents } from "../video/video-record.ts"
import type { RequestOptions, ResumeOptions } from "./options.ts"
import type { ReadyRun } from "./run-request.ts"
import type { Turns } from "./turns.ts"

/** The memory that the runs of a model may take together. */
export interface ModelMemory {
  readonly limit: number
  readonly turns: Turns
}

type Readying = Effect.Effect<ReadyRun, GenerateError | MediaError | PluginError, CurrentModel | Scope.Scope>

/** The inputs that no record can hold. */
const inMemory = ["latents", "promptEmbeddings", "negativePromptEmbeddings", "onStepEnd"] as const

/** Plans a request and waits until its memory is free. */
export const newRun: (prompt: string, options: RequestOptions, memory: ModelMemory) => Readying = Effect.fnUntraced(
  function* (prompt, options, memory) {
    const given = inMemory.filter((name) => options[name] !== undefined)
    const planned = yield* planVideo(prompt, { ...options, given: given.length === 0 ? undefined : given })
    const { request, record, notice, padding } = planned
    const { folder } = yield* CurrentModel
    const components = yield* reserve(request, planned.components, memory)
    const run: ReadyRun = {
      events: (options) => generate(request, options),
      components,
      record,
      model: folder.path,
      padding,
      notice,
      latents: undefined,
    }
    return run
  },
)

/** Reserves the peak memory of a request; what can never fit is refused when it runs, with the setting that would make it fit. */
const reserve = Effect.fnUntraced(function* (
  request: PipelineRequest,
  components: Context.Context<Components>,
  memory: ModelMemory,
) {
  const { engine } = yield* CurrentModel
  const hardware = yield* Effect.provideContext(Hardware, components)
  // Only the memory of the estimate is used: the speed of this machine need not be measured for it.
  const sized = Context.add(components, Hardware, { ...hardware, speed: Effect.succeed(smallCore) })
  const { peakBytes } = yield* Effect.provideContext(estimate(request), sized)
  const reserved = Effect.gen(function* () {
    if (peakBytes > memory.limit) return memory.limit
    yield* memory.turns.take(peakBytes, () => memory.limit)
    yield* engine.reserve(peakBytes)
    return peakBytes
  })
  const memoryBytes = yield* Effect.catchTag(reserved, "EngineError", () => engine.availableBytes)
  return Context.add(components, Hardware, { ...hardware, memoryBytes })
})

/** Reads a checkpoint, puts the components of its run together and waits until its memory is free. */
export const resumedRun: (source: Uint8Array | string, options: ResumeOptions, memory: ModelMemory) => Readying =
  Effect.fnUntraced(function* (source, options, memory) {
    if (typeof source !== "string" && !(source instanceof Uint8Array)) {
      return yield* new CheckpointError({
        message: "A checkpoint is resumed from its bytes or its path: give one of them.",
      })
    }
    const name = typeof source === "string" ? source : "The checkpoint"
    const saved = yield* decodeRun(typeof source === "string" ? yield* readCheckpoint(source) : source, name)
    const { checkpoint } = saved
    const current = yield* CurrentModel
    const refuse = (problem: string) => new CheckpointError({ message: `${name} cannot be resumed: ${problem}.` })
    if ((yield* current.hash) !== saved.record.modelHash) {
      return yield* refuse(`the model ${current.folder.name} is not the one that the run was begun with; open that one`)
    }
    const [begun, now] = [saved.record.plugins ?? [], current.plugins.map(({ name }) => name)]
    if (begun.join() !== now.join()) {
      const list = (names: ReadonlyArray<string>) =>
        names.length === 0 ? "no plugins" : `the plugins ${names.join(", ")}`
      return yield* refuse(
        `it was begun with ${list(begun)}, and the model was opened with ${list(now)}; open it with the same`,
      )
    }
    const { sampler, guidanceMethod, cache } = options
    const own =
      cache === undefined
        ? yield* recordedComponents(saved.record)
        : { ...saved.record, cache, cacheThreshold: undefined }
    const selected = yield* current.select({
      ...(own as ComponentOptions),
      ...(sampler === undefined ? {} : { sampler }),
      ...(guidanceMethod === undefined ? {} : { guidanceMethod }),
    })
    const { size } = yield* Effect.provideContext(planRun(checkpoint.request), selected.components)
    const components = yield* reserve(checkpoint.request, selected.components, memory)
    const { fps = saved.record.fps, upscale = saved.record.upscale } = options
    const run: ReadyRun = {
      events: (options) => resume(checkpoint, options),
      components,
      record: { ...saved.record, fps, upscale },
      model: current.folder.path,
      padding: size.padding,
      notice: undefined,
      latents: checkpoint.state.sample,
    }
    return run
  })
