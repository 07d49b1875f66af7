import type { ModelError, Weights } from "@auteur/core"
import { checkWeights } from "@auteur/engine"
import type * as Effect from "effect/Effect"
import { spatialCompression, type VaeConfig } from "./config.ts"
import { decoder3d } from "./decoder3d.ts"
import { encoder3d } from "./encoder3d.ts"
import { stageProgram } from "./stage.ts"

/** Holds a checkpoint against its config without running it; the {@link ModelError} names the first tensor that does not fit. */
export const checkTensors = (config: VaeConfig, weights: Weights): Effect.Effect<void, ModelError> => {
  const side = spatialCompression(config)
  // The smallest size reads the same tensors as any other.
  const parts = [encoder3d(config, 1, side, side), decoder3d(config, 1, 1, 1)]
  const programs = parts.map((part) => stageProgram(part, 0, part.stages.length, { first: true, handsOn: false }))
  return checkWeights("VAE", programs, weights)
}
