import { costInTurn, type EngineError, type ModelError, type PipelineError, timesCost } from "@auteur/core"
import type { HostTensor, Model, Program, ResidentTensor } from "@auteur/engine"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type Answering, plannedRuns, runsOf, samplesOf } from "../answering.ts"
import type { TransformerConfig } from "../config.ts"
import type { TransformerShape } from "../transformer.ts"
import { wholeAnswering } from "../whole-answering.ts"
import { cacheFailure } from "./cache-failure.ts"
import { CacheMemory, toHost, toTensor } from "./cache-memory.ts"
import { heldBesides } from "./held-besides.ts"
import type { Signal, StepCache, StepDecision, StepQuestion } from "./step-cache.ts"
import { beginProgram, finishProgram, reuseProgram, signalShape, streamShapes } from "./step-programs.ts"

/** Runs the transformer up to the signal of a step cache, for all texts, then what the cache decides for all of them together. */
export const stepAnswering = (model: Model, config: TransformerConfig, cache: StepCache, name: string): Answering => ({
  answer: (input) => {
    const { memory, last = false } = input
    if (memory === undefined) return wholeAnswering(model, config).answer(input)
    const kept = new CacheMemory(memory)
    return Effect.scoped(
      Effect.gen(function* () {
        const runs = runsOf(config, input)
        const begun = yield* Effect.forEach(runs, (run) =>
          begin(model, beginProgram(run.shape, cache.signal), run.inputs),
        )
        const residuals = runs.map(({ shape }, i) => kept.tensor(`residual.${i}`, streamShapes(shape).video))
        const signal = begun.map(({ signal }) => toTensor(signal))
        const previous = signal.map(({ shape }, i) => kept.tensor(`signal.${i}`, shape))
        const index = kept.number("calls")
        const decision =
          residuals.every((residual) => residual !== undefined) && previous.every((signal) => signal !== undefined)
            ? yield* decide(cache, name, {
                signal,
                previous: previous as Signal,
                distance: kept.number("distance"),
                index,
                timestep: input.level.timestep,
                last,
              })
            : { reuse: false, distance: 0 }

        const answers: Array<Float32Array> = []
        for (const [i, run] of runs.entries()) {
          const { text, video, conditioning } = begun[i]!.kept
          if (decision.reuse) {
            const inputs = { video: video!, conditioning: conditioning!, residual: toHost(residuals[i]!) }
            const { sample } = yield* model.run(reuseProgram(run.shape), inputs)
            answers.push(...samplesOf(run, sample!))
          } else {
            const inputs = { text: text!, video: video!, conditioning: conditioning! }
            const { sample, residual } = yield* model.run(finishProgram(run.shape, cache.signal), inputs)
            answers.push(...samplesOf(run, sample!))
            kept.setTensor(`residual.${i}`, residual!)
          }
          if (!decision.reuse || cache.comparedWith === "last call") kept.setTensor(`signal.${i}`, begun[i]!.signal)
        }
        kept.setNumber("calls", index + 1)
        kept.setNumber("distance", decision.distance)
        if (last) kept.clear()
        return answers
      }),
    )
  },

  cost: Effect.fnUntraced(function* (size, texts) {
    const { shape, runs } = plannedRuns(config, size, texts)
    const begin = yield* model.cost(beginProgram(shape, cache.signal))
    const finish = yield* model.cost(finishProgram(shape, cache.signal))
    const reuse = yield* model.cost(reuseProgram(shape))
    // A call runs one of the last two, and the larger one is counted; the sessions of both are there.
    const computed = timesCost(costInTurn([begin, finish, timesCost(reuse, 0)]), runs)
    return heldBesides(computed, runs * bytesHeld(shape, cache))
  }),
})

/** What is left in the engine between the two parts of a call, and on the host from call to call: before it is replaced, twice. */
const bytesHeld = (shape: TransformerShape, { signal }: StepCache): number => {
  const { text, video, conditioning } = streamShapes(shape)
  const sizeOf = (shape: ReadonlyArray<number>) => shape.reduce((product, length) => product * length, 1)
  const left = sizeOf(text) + sizeOf(video) + sizeOf(conditioning)
  return 4 * (left + 2 * (sizeOf(video) + sizeOf(signalShape(shape, signal))))
}

interface Begun {
  readonly signal: HostTensor
  readonly kept: Readonly<Record<string, ResidentTensor>>
}

/** The first part of a run; what it leaves in the engine is given back with the scope. */
const begin = (
  model: Model,
  program: Program,
  inputs: Readonly<Record<string, HostTensor>>,
): Effect.Effect<Begun, EngineError | ModelError, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      model.runResident(program, inputs, { keep: ["text", "video", "conditioning"] }),
      ({ kept }) => model.free(Object.values(kept)),
      { interruptible: true },
    ),
    ({ outputs, kept }) => ({ signal: outputs["signal"]!, kept }),
  )

/** Asks a cache, which anybody may have written. */
const decide = (cache: StepCache, model: string, question: StepQuestion): Effect.Effect<StepDecision, PipelineError> =>
  Effect.try({
    try: () => {
      const decision = cache.reuse(question)
      if (typeof decision.reuse === "boolean" && Number.isFinite(decision.distance)) return decision
      throw new RangeError(
        `it decided with reuse ${String(decision.reuse)} and the distance ${String(decision.distance)}, but true or false and a finite number are expected`,
      )
    },
    catch: (cause) => cacheFailure(cache.name, model, question, cause),
  })
