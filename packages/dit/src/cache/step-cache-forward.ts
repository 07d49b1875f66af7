import { costInTurn, type EngineError, type ModelError, type PipelineError, timesCost } from "@auteur/core"
import type { HostTensor, Model, Program, WorkerTensor, Shape, Value, WeightScope } from "@auteur/engine"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { TransformerConfig } from "../config.ts"
import { expertLayerNorm } from "../expert-layer-norm.ts"
import { type Batch, batchesOf, type Forward, plannedBatches, samplesOf, wholeForward } from "../forward.ts"
import type { Streams } from "../patch-embed.ts"
import { blocks, embed, head, keyOf, type TransformerShape } from "../transformer.ts"
import { CacheState, streamShapes, toHost, toTensor, withKeptBytes } from "./cache-state.ts"
import {
  cacheFailure,
  type Signal,
  type StepCache,
  type StepCacheInput,
  type StepDecision,
  type StepSignal,
} from "./cache.ts"

/**
 * Runs the transformer in two parts: up to the cache's signal, for all texts, and then either the remaining blocks or what they added
 * when they last ran, as the cache decides for all texts together.
 */
export const stepCacheForward = (model: Model, config: TransformerConfig, cache: StepCache, name: string): Forward => ({
  predict: (input) => {
    const { last = false } = input
    if (input.state === undefined) return wholeForward(model, config).predict(input)
    const state = new CacheState(input.state)
    return Effect.scoped(
      Effect.gen(function* () {
        const batches = batchesOf(config, input)
        const firsts = yield* Effect.forEach(batches, (batch) => runFirst(model, batch, cache.signal))
        const residuals = batches.map(({ shape }, i) => state.tensor(`residual.${i}`, streamShapes(shape).video))
        const signal = firsts.map(({ signal }) => toTensor(signal))
        const previous = signal.map(({ shape }, i) => state.tensor(`signal.${i}`, shape))
        const index = state.number("calls")
        const decision =
          residuals.every((residual) => residual !== undefined) && previous.every((signal) => signal !== undefined)
            ? yield* decide(cache, name, {
                signal,
                previous: previous as Signal,
                distance: state.number("distance"),
                index,
                timestep: input.level.timestep,
                last,
              })
            : { reuse: false, distance: 0 }

        const samples: Array<Float32Array> = []
        for (const [i, batch] of batches.entries()) {
          const { text, video, conditioning } = firsts[i]!.kept
          if (decision.reuse) {
            const inputs = { video: video!, conditioning: conditioning!, residual: toHost(residuals[i]!) }
            const { sample } = yield* model.run(reuseProgram(batch.shape), inputs)
            samples.push(...samplesOf(batch, sample!))
          } else {
            const inputs = { text: text!, video: video!, conditioning: conditioning! }
            const { sample, residual } = yield* model.run(restProgram(batch.shape, cache.signal), inputs)
            samples.push(...samplesOf(batch, sample!))
            state.setTensor(`residual.${i}`, residual!)
          }
          if (!decision.reuse || cache.comparedWith === "last call") state.setTensor(`signal.${i}`, firsts[i]!.signal)
        }
        state.setNumber("calls", index + 1)
        state.setNumber("distance", decision.distance)
        if (last) state.clear()
        return samples
      }),
    )
  },

  cost: Effect.fnUntraced(function* (size, texts) {
    const { shape, batches } = plannedBatches(config, size, texts)
    const first = yield* model.cost(firstProgram(shape, cache.signal))
    const rest = yield* model.cost(restProgram(shape, cache.signal))
    const reuse = yield* model.cost(reuseProgram(shape))
    // A call runs one of the last two: the larger one is counted, and the sessions of both.
    const computed = timesCost(costInTurn([first, rest, timesCost(reuse, 0)]), batches)
    return withKeptBytes(computed, batches * keptBytes(shape, cache.signal))
  }),
})

interface First {
  readonly signal: HostTensor
  /** Tensors that stay in the engine. */
  readonly kept: Readonly<Record<string, WorkerTensor>>
}

/** Runs the first part; the tensors that it leaves in the engine are freed with the scope. */
const runFirst = (
  model: Model,
  { shape, inputs }: Batch,
  signal: StepSignal,
): Effect.Effect<First, EngineError | ModelError, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      model.runAndKeep(firstProgram(shape, signal), inputs, { keep: ["text", "video", "conditioning"] }),
      ({ kept }) => model.free(Object.values(kept)),
      { interruptible: true },
    ),
    ({ outputs, kept }) => ({ signal: outputs["signal"]!, kept }),
  )

/** Consults a cache, which may be a third party's. */
const decide = (cache: StepCache, model: string, input: StepCacheInput): Effect.Effect<StepDecision, PipelineError> =>
  Effect.try({
    try: () => {
      const decision = cache.reuse(input)
      if (typeof decision.reuse === "boolean" && Number.isFinite(decision.distance)) return decision
      throw new RangeError(
        `it decided with reuse ${String(decision.reuse)} and the distance ${String(decision.distance)}, but true or false and a finite number are expected`,
      )
    },
    catch: (cause) => cacheFailure(cache.name, model, input, cause),
  })

/** The bytes in the engine between the two parts of a call, and on the host from call to call: both copies while one is replaced. */
const keptBytes = (shape: TransformerShape, signal: StepSignal): number => {
  const { text, video, conditioning } = streamShapes(shape)
  const sizeOf = (shape: Shape) => shape.reduce((product, length) => product * length, 1)
  const signalShape = signal === "timestep-embedding" ? [shape.size.batch, 1, shape.config.time_embed_dim] : video
  const inEngine = sizeOf(text) + sizeOf(video) + sizeOf(conditioning)
  return 4 * (inEngine + 2 * (sizeOf(video) + sizeOf(signalShape)))
}

/** The number of blocks that run before a step cache decides. */
const blocksBefore = (signal: StepSignal): number => (signal === "first-block-residual" ? 1 : 0)

/**
 * The transformer up to the signal of a step cache. Inputs: the transformer's own. Outputs: `signal`, and for the second part
 * `text` and `video` (B, tokens, D) and `conditioning` (B, E), which stay in the engine.
 */
const firstProgram = (shape: TransformerShape, signal: StepSignal): Program => ({
  key: `transformer up to ${signal} ${keyOf(shape)}`,
  build: (graph, weights) => {
    const { tokens, time } = embed(graph, shape, weights)
    const e = time.silu()
    const streams = blocks(tokens, e, [0, blocksBefore(signal)], shape, weights)
    graph.output("signal", signalOf(signal, tokens, streams, time, shape, weights))
    graph.output("text", streams.text)
    graph.output("video", streams.video)
    graph.output("conditioning", e)
  },
})

const signalOf = (
  signal: StepSignal,
  tokens: Streams,
  streams: Streams,
  time: Value,
  { config }: TransformerShape,
  weights: WeightScope,
): Value => {
  switch (signal) {
    case "timestep-embedding":
      return time.reshape([time.length(0), 1, time.length(1)])
    case "modulated-input":
      return expertLayerNorm(tokens, time.silu(), weights.scope("transformer_blocks.0.norm1"), config.norm_eps).normed
        .video
    case "first-block-residual":
      return streams.video.subtract(tokens.video)
  }
}

/** The rest of the transformer. Inputs: what {@link firstProgram} leaves. Outputs: `sample`, and `residual`, what its blocks added to the video. */
const restProgram = (shape: TransformerShape, signal: StepSignal): Program => ({
  key: `transformer from ${signal} ${keyOf(shape)}`,
  build: (graph, weights) => {
    const { config } = shape
    const shapes = streamShapes(shape)
    const [text, video] = [graph.input("text", shapes.text), graph.input("video", shapes.video)]
    const conditioning = graph.input("conditioning", shapes.conditioning)
    const streams = blocks({ text, video }, conditioning, [blocksBefore(signal), config.num_layers], shape, weights)
    graph.output("sample", head(streams.video, conditioning, shape, weights))
    graph.output("residual", streams.video.subtract(video))
  },
})

/** The rest of the transformer with `residual` in the place of its blocks. Inputs: `video`, `conditioning`, `residual`. Output: `sample`. */
const reuseProgram = (shape: TransformerShape): Program => ({
  key: `transformer reuse ${keyOf(shape)}`,
  build: (graph, weights) => {
    const shapes = streamShapes(shape)
    const [video, residual] = [graph.input("video", shapes.video), graph.input("residual", shapes.video)]
    graph.output("sample", head(video.add(residual), graph.input("conditioning", shapes.conditioning), shape, weights))
  },
})
