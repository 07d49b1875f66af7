import type { ModelError, Weights } from "@auteur/core"
import { checkWeights } from "@auteur/engine"
import type * as Effect from "effect/Effect"
import type { TransformerConfig } from "./config.ts"
import { patchOf, trainedSize } from "./grid.ts"
import { transformerProgram } from "./transformer.ts"

/** Holds a checkpoint against its config without running it; the {@link ModelError} names the first tensor that does not fit. */
export const checkTensors = (config: TransformerConfig, weights: Weights): Effect.Effect<void, ModelError> => {
  // The smallest size reads the same tensors as any other; a learned table knows one size only.
  const size = config.use_learned_positional_embeddings ? trainedSize(config) : patchOf(config)
  const program = transformerProgram(config, { ...size, batch: 1 }, config.max_text_seq_length)
  return checkWeights("transformer", [program], weights)
}
