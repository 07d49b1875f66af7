import { costInTurn, type PipelineError, timesCost } from "@auteur/core"
import type { HostTensor, Model, Program } from "@auteur/engine"
import * as Effect from "effect/Effect"
import type { TransformerConfig } from "../config.ts"
import { batchesOf, type Forward, plannedBatches, samplesOf, wholeForward } from "../forward.ts"
import { blocks, embed, head, keyOf, type TransformerShape } from "../transformer.ts"
import { CacheState, streamShapes, toHost, withKeptBytes } from "./cache-state.ts"
import { type AttentionCache, type AttentionCacheInput, cacheFailure } from "./cache.ts"

/** Runs the transformer with the attention outputs that a cache reuses as inputs, and keeps those of the other blocks for the next call. */
export const attentionCacheForward = (
  model: Model,
  config: TransformerConfig,
  cache: AttentionCache,
  name: string,
): Forward => {
  const all = Array.from({ length: config.num_layers }, (_, block) => block)
  return {
    predict: Effect.fnUntraced(function* (input) {
      const { last = false } = input
      if (input.state === undefined) return yield* wholeForward(model, config).predict(input)
      const state = new CacheState(input.state)
      const index = state.number("calls")
      const batches = batchesOf(config, input)
      const attentionOf = (block: number) =>
        batches.map(({ shape }, i) => state.tensor(`attention.${block}.${i}`, attentionShape(shape)))
      const reused = new Map<number, ReadonlyArray<HostTensor>>()
      for (const block of all) {
        const before = attentionOf(block)
        if (!before.every((attention) => attention !== undefined)) continue
        const place = { block, blocks: all.length, index, timestep: input.level.timestep, last }
        if (yield* decide(cache, name, place)) reused.set(block, before.map(toHost))
      }

      const samples: Array<Float32Array> = []
      for (const [i, batch] of batches.entries()) {
        const given = Object.fromEntries([...reused].map(([block, attention]) => [`attention.${block}`, attention[i]!]))
        const program = broadcastProgram(batch.shape, new Set(reused.keys()))
        const { sample, ...computed } = yield* model.run(program, { ...batch.inputs, ...given })
        samples.push(...samplesOf(batch, sample!))
        for (const [attention, tensor] of Object.entries(computed)) state.setTensor(`${attention}.${i}`, tensor)
      }
      state.setNumber("calls", index + 1)
      if (last) state.clear()
      return samples
    }),

    cost: Effect.fnUntraced(function* (size, texts) {
      const { shape, batches } = plannedBatches(config, size, texts)
      const computed = yield* model.cost(broadcastProgram(shape, new Set()))
      const reused = yield* model.cost(broadcastProgram(shape, new Set(all)))
      const bytes = 4 * attentionShape(shape).reduce((product, length) => product * length, config.num_layers)
      return withKeptBytes(timesCost(costInTurn([computed, timesCost(reused, 0)]), batches), batches * bytes)
    }),
  }
}

/** Consults a cache, which may be a third party's. */
const decide = (
  cache: AttentionCache,
  model: string,
  input: AttentionCacheInput,
): Effect.Effect<boolean, PipelineError> =>
  Effect.try({
    try: () => {
      const reuses: unknown = cache.reuses(input)
      if (typeof reuses === "boolean") return reuses
      throw new RangeError(`it decided with ${String(reuses)} on block ${input.block}, but true or false is expected`)
    },
    catch: (cause) => cacheFailure(cache.name, model, input, cause),
  })

/** The shape of the output of one block's attention, text first. (B, text and video tokens, D) */
const attentionShape = (shape: TransformerShape): readonly [number, number, number] => {
  const { text, video } = streamShapes(shape)
  return [video[0], text[1] + video[1], video[2]]
}

/**
 * The transformer with the attention of some blocks given. Inputs: the transformer's own, and `attention.I` for each block of `reused`.
 * Outputs: `sample`, and `attention.I` for each other block.
 */
const broadcastProgram = (shape: TransformerShape, reused: ReadonlySet<number>): Program => ({
  key: `transformer broadcast to ${[...reused].join(" ") || "none"} ${keyOf(shape)}`,
  build: (graph, weights) => {
    const { tokens, time } = embed(graph, shape, weights)
    const e = time.silu()
    const { video } = blocks(tokens, e, [0, shape.config.num_layers], shape, weights, (block) => (compute) => {
      const name = `attention.${block}`
      if (reused.has(block)) return graph.input(name, attentionShape(shape))
      const attention = compute()
      graph.output(name, attention)
      return attention
    })
    graph.output("sample", head(video, e, shape, weights))
  },
})
