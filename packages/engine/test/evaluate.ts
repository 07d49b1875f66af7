import type { EngineError, ModelError, Weights } from "@auteur/core"
import * as Effect from "effect/Effect"
import { Engine, type Graph, type HostTensor, type Value, type WeightScope } from "../src/index.ts"

/** Numbers without a pattern, the same for the same seed. */
export const numbers = (size: number, seed = 1): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => 2 * (((i + 1) * (seed + 0.5) * 0.618_033_988_75) % 1) - 1)

export const host = (shape: ReadonlyArray<number>, data: HostTensor["data"]): HostTensor => ({ shape, data })

export const noWeights: Weights = { source: "no file", tensors: new Map() }

let count = 0

/** Runs the graph that `build` makes of the inputs, and gives its result. */
export const evaluate = (
  inputs: Readonly<Record<string, HostTensor>>,
  build: (values: Readonly<Record<string, Value>>, weights: WeightScope, graph: Graph) => Value,
  weights: Weights = noWeights,
): Effect.Effect<HostTensor, EngineError | ModelError, Engine> =>
  Effect.scoped(
    Effect.gen(function* () {
      const model = yield* (yield* Engine).open(weights)
      const { result } = yield* model.run(
        {
          key: `evaluate ${++count}`,
          build: (graph, scope) => {
            const values = Object.entries(inputs).map(([name, { shape, data }]) => [
              name,
              graph.input(name, shape, data instanceof BigInt64Array ? "int64" : "float32"),
            ])
            graph.output("result", build(Object.fromEntries(values), scope, graph))
          },
        },
        inputs,
      )
      return result!
    }),
  )
