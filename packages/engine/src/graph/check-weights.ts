import { ModelError, type Weights } from "@auteur/core"
import * as Effect from "effect/Effect"
import type { Program } from "../engine.ts"
import { Graph } from "./graph.ts"
import type { Shape, Value } from "./value.ts"
import { WeightScope } from "./weight-scope.ts"

/**
 * Checks a checkpoint against the programs of its model without running them. `model` is its name in messages.
 *
 * Fails with a {@link ModelError} that names the first tensor that is missing, of another shape or type, or not part of the
 * model: the last is most often a renamed one, so it is not passed over unless `allowOthers` says that the file holds more.
 */
export const checkWeights: (
  model: string,
  programs: ReadonlyArray<Program>,
  weights: Weights,
  options?: { readonly allowOthers?: boolean },
) => Effect.Effect<void, ModelError> = Effect.fnUntraced(function* (model, programs, weights, options = {}) {
  const expected = new Map(programs.flatMap((program) => [...tensorsOf(program, weights)]))
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
  if (unexpected.length > 0 && options.allowOthers !== true) {
    const more = unexpected.length === 1 ? "" : ` and ${unexpected.length - 1} more`
    return yield* new ModelError({
      message: `The tensor "${unexpected[0]}"${more} in ${weights.source} is not part of the ${model} that its config.json describes: the weights and the config do not belong together.`,
    })
  }
  for (const program of programs) {
    const graph = new Graph(program.key)
    yield* Effect.try({
      try: () => program.build(graph, new WeightScope(graph, weights)),
      catch: (error) => {
        if (error instanceof ModelError) return error
        throw error
      },
    })
  }
})

/** The tensors that a program reads, with the shapes that it gives them, whether a checkpoint has them or not. */
const tensorsOf = (program: Program, weights: Weights): ReadonlyMap<string, Shape> => {
  const graph = new Graph(program.key)
  const expected = new Map<string, Shape>()
  program.build(graph, new ExpectedTensors(graph, weights, "", expected))
  return expected
}

/** Records the tensors that a program reads instead of looking them up. */
class ExpectedTensors extends WeightScope {
  readonly #fields: readonly [Graph, Weights, string, Map<string, Shape>]

  constructor(graph: Graph, weights: Weights, prefix: string, expected: Map<string, Shape>) {
    super(graph, weights, prefix)
    this.#fields = [graph, weights, prefix, expected]
  }

  override scope(name: string): WeightScope {
    const [graph, weights, prefix, expected] = this.#fields
    return new ExpectedTensors(graph, weights, `${prefix}${name}.`, expected)
  }

  override stored(name: string, shape: Shape): Value {
    const [graph, , prefix, expected] = this.#fields
    expected.set(prefix + name, shape)
    return graph.weight(prefix + name, shape, "float32")
  }
}

/** The name among `names` that shares most words with `key`, for a tensor of the same shape. */
const nearest = (key: string, shape: Shape, names: ReadonlyArray<string>, weights: Weights): string | undefined => {
  const words = new Set(key.split("."))
  const shared = (name: string) => name.split(".").filter((word) => words.has(word)).length
  return names
    .filter((name) => weights.tensors.get(name)!.shape.join() === shape.join())
    .toSorted((a, b) => shared(b) - shared(a))[0]
}
