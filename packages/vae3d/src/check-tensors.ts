import { ModelError, type Weights } from "@auteur/core"
import { Graph, WeightScope } from "@auteur/engine"
import * as Effect from "effect/Effect"
import { spatialCompression, type VaeConfig } from "./config.ts"
import { decoder3d } from "./decoder3d.ts"
import { encoder3d } from "./encoder3d.ts"
import { stageProgram } from "./stage.ts"

/**
 * Holds a checkpoint against its config without running it.
 *
 * Fails with a {@link ModelError} that names the first tensor that is missing, of another shape or type, or not part of the
 * model: the last is most often a renamed one, so it is not passed over.
 */
export const checkTensors: (config: VaeConfig, weights: Weights) => Effect.Effect<void, ModelError> = Effect.fnUntraced(
  function* (config, weights) {
    const side = spatialCompression(config)
    const used = new Set<string>()
    // The smallest size reads the same tensors as any other.
    for (const part of [encoder3d(config, 1, side, side), decoder3d(config, 1, 1, 1)]) {
      const program = stageProgram(part, 0, part.stages.length, { first: true, handsOn: false })
      const graph = new Graph(program.key)
      yield* Effect.try({
        try: () => program.build(graph, new WeightScope(graph, weights)),
        catch: (error) => {
          if (error instanceof ModelError) return error
          throw error
        },
      })
      for (const key of graph.weights.keys()) used.add(key)
    }
    const unused = [...weights.tensors.keys()].filter((key) => !used.has(key))
    if (unused.length === 0) return
    const more = unused.length === 1 ? "" : ` and ${unused.length - 1} more`
    return yield* new ModelError({
      message: `The tensor "${unused[0]}"${more} in ${weights.source} is not part of the VAE that its config.json describes: it was renamed, or the weights and the config do not belong together.`,
    })
  },
)
