import { timesCost } from "@auteur/core"
import type { Model } from "@auteur/engine"
import * as Effect from "effect/Effect"
import { type Answering, plannedRuns, runsOf, samplesOf } from "./answering.ts"
import type { TransformerConfig } from "./config.ts"
import { transformerProgram } from "./transformer.ts"

/** Runs the whole transformer at each call. */
export const wholeAnswering = (model: Model, config: TransformerConfig): Answering => ({
  answer: Effect.fnUntraced(function* (input) {
    const outputs: Array<Float32Array> = []
    for (const run of runsOf(config, input)) {
      const { size, textTokens } = run.shape
      const { sample } = yield* model.run(transformerProgram(config, size, textTokens), run.inputs)
      outputs.push(...samplesOf(run, sample!))
    }
    return outputs
  }),
  cost: (size, texts) => {
    const { shape, runs } = plannedRuns(config, size, texts)
    const once = model.cost(transformerProgram(config, shape.size, shape.textTokens))
    return Effect.map(once, (cost) => timesCost(cost, runs))
  },
})
