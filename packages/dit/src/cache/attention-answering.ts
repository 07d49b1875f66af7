import { costInTurn, type PipelineError, timesCost } from "@auteur/core"
import type { HostTensor, Model } from "@auteur/engine"
import * as Effect from "effect/Effect"
import { type Answering, plannedRuns, runsOf, samplesOf } from "../answering.ts"
import type { TransformerConfig } from "../config.ts"
import { wholeAnswering } from "../whole-answering.ts"
import type { AttentionCache, AttentionQuestion } from "./attention-cache.ts"
import { attentionShape, broadcastProgram } from "./broadcast-program.ts"
import { cacheFailure } from "./cache-failure.ts"
import { CacheMemory, toHost } from "./cache-memory.ts"
import { heldBesides } from "./held-besides.ts"

/** Runs the transformer with the attention that a cache reuses given, and that of the other blocks kept for the next call. */
export const attentionAnswering = (
  model: Model,
  config: TransformerConfig,
  cache: AttentionCache,
  name: string,
): Answering => {
  const all = Array.from({ length: config.num_layers }, (_, block) => block)
  const cost: Answering["cost"] = Effect.fnUntraced(function* (size, texts) {
    const { shape, runs } = plannedRuns(config, size, texts)
    const computed = yield* model.cost(broadcastProgram(shape, new Set()))
    const reused = yield* model.cost(broadcastProgram(shape, new Set(all)))
    const bytes = 4 * attentionShape(shape).reduce((product, length) => product * length, config.num_layers)
    return heldBesides(timesCost(costInTurn([computed, timesCost(reused, 0)]), runs), runs * bytes)
  })
  return {
    cost,
    answer: Effect.fnUntraced(function* (input) {
      const { memory, last = false } = input
      if (memory === undefined) return yield* wholeAnswering(model, config).answer(input)
      const kept = new CacheMemory(memory)
      const index = kept.number("calls")
      const runs = runsOf(config, input)
      const attentionOf = (block: number) =>
        runs.map(({ shape }, i) => kept.tensor(`attention.${block}.${i}`, attentionShape(shape)))
      const reused = new Map<number, ReadonlyArray<HostTensor>>()
      for (const block of all) {
        const before = attentionOf(block)
        if (!before.every((attention) => attention !== undefined)) continue
        const question = { block, blocks: all.length, index, timestep: input.level.timestep, last }
        if (yield* decide(cache, name, question)) reused.set(block, before.map(toHost))
      }

      const answers: Array<Float32Array> = []
      for (const [i, run] of runs.entries()) {
        const given = Object.fromEntries([...reused].map(([block, attention]) => [`attention.${block}`, attention[i]!]))
        const program = broadcastProgram(run.shape, new Set(reused.keys()))
        const { sample, ...computed } = yield* model.run(program, { ...run.inputs, ...given })
        answers.push(...samplesOf(run, sample!))
        for (const [attention, tensor] of Object.entries(computed)) kept.setTensor(`${attention}.${i}`, tensor)
      }
      kept.setNumber("calls", index + 1)
      if (last) kept.clear()
      return answers
    }),
  }
}

/** Asks a cache, which anybody may have written. */
const decide = (
  cache: AttentionCache,
  model: string,
  question: AttentionQuestion,
): Effect.Effect<boolean, PipelineError> =>
  Effect.try({
    try: () => {
      const reuses: unknown = cache.reuses(question)
      if (typeof reuses === "boolean") return reuses
      throw new RangeError(
        `it decided with ${String(reuses)} on block ${question.block}, but true or false is expected`,
      )
    },
    catch: (cause) => cacheFailure(cache.name, model, question, cause),
  })
