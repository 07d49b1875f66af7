import { ModelError, type Weights } from "@auteur/core"
import type { Program } from "./engine.ts"
import { Graph } from "./graph.ts"
import { WeightScope } from "./weight-scope.ts"

/** The graph of a program over a checkpoint; throws a {@link ModelError} where the two do not fit. */
export const buildProgram = (program: Program, weights: Weights): Graph => {
  const graph = new Graph(program.key)
  try {
    program.build(graph, new WeightScope(graph, weights))
  } catch (error) {
    if (error instanceof ModelError) throw error
    const problem = error instanceof Error ? error.message : String(error)
    throw new ModelError({
      message: `"${program.key}" cannot be built on ${weights.source}: ${problem}; check the sizes in its config.json.`,
      cause: error,
    })
  }
  return graph
}
