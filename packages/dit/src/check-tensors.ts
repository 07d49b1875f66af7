import { ModelError, type Weights } from "@auteur/core"
import { Graph, type Program, type Shape, type Value, WeightScope } from "@auteur/engine"
import * as Effect from "effect/Effect"
import type { TransformerConfig } from "./config.ts"
import { patchOf, trainedSize } from "./grid.ts"
import { transformerProgram } from "./transformer.ts"

/**
 * Holds a checkpoint against its config without running it.
 *
 * Fails with a {@link ModelError} that names the first tensor that is missing, of another shape or type, or not part of the
 * model: the last is most often a renamed one, so it is not passed over.
 */
export const checkTensors: (config: TransformerConfig, weights: Weights) => Effect.Effect<void, ModelError> =
  Effect.fnUntraced(function* (config, weights) {
    // The smallest size reads the same tensors as any other; a learned table knows one size only.
    const size = config.use_learned_positional_embeddings ? trainedSize(config) : patchOf(config)
    const program = transformerProgram(config, { ...size, batch: 1 }, config.max_text_seq_length)
    const expected = tensorsOf(program, weights)
    const unexpected = [...weights.tensors.keys()].filter((key) => !expected.has(key))
    for (const [key, shape] of expected) {
      if (weights.tensors.has(key)) continue
      const renamed = nearest(key, shape, unexpected, weights)
      const hint =
        renamed === undefined
          ? "download the file again, or check that it belongs to its config.json"
          : `"${renamed}" in it is not part of the model and of that shape, so it may be the same tensor renamed`
      return yield* new ModelError({
        message: `The tensor "${key}" of shape [${shape.join(", ")}] is missing from ${weights.source}: ${hint}.`,
      })
    }
    if (unexpected.length > 0) {
      const more = unexpected.length === 1 ? "" : ` and ${unexpected.length - 1} more`
      return yield* new ModelError({
        message: `The tensor "${unexpected[0]}"${more} in ${weights.source} is not part of the transformer that its config.json describes: the weights and the config do not belong together.`,
      })
    }
    const graph = new Graph(program.key)
    yield* Effect.try({
      try: () => program.build(graph, new WeightScope(graph, weights)),
      catch: (error) => {
        if (error instanceof ModelError) return error
        throw error
      },
    })
  })

/** The tensors that a program reads, with the shapes that it gives them, whether a checkpoint has them or not. */
const tensorsOf = (program: Program, weights: Weights): ReadonlyMap<string, Shape> => {
  const graph = new Graph(program.key)
  const expected = new Map<string, Shape>()
  program.build(graph, new ExpectedTensors(graph, weights, "", expected))
  return expected
}

class ExpectedTensors extends WeightScope {
  readonly #parts: readonly [Graph, Weights, string, Map<string, Shape>]

  constructor(graph: Graph, weights: Weights, prefix: string, expected: Map<string, Shape>) {
    super(graph, weights, prefix)
    this.#parts = [graph, weights, prefix, expected]
  }

  override scope(name: string): WeightScope {
    const [graph, weights, prefix, expected] = this.#parts
    return new ExpectedTensors(graph, weights, `${prefix}${name}.`, expected)
  }

  override tensor(name: string, shape: Shape): Value {
    const [graph, , prefix, expected] = this.#parts
    expected.set(prefix + name, shape)
    return graph.weight(prefix + name, shape, "float32")
  }
}

/** The name among `names` that has most parts of `key`, for a tensor of the same shape. */
const nearest = (key: string, shape: Shape, names: ReadonlyArray<string>, weights: Weights): string | undefined => {
  const parts = new Set(key.split("."))
  const shared = (name: string) => name.split(".").filter((part) => parts.has(part)).length
  return names
    .filter((name) => weights.tensors.get(name)!.shape.join() === shape.join())
    .toSorted((a, b) => shared(b) - shared(a))[0]
}
