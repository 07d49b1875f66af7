import * as Effect from "effect/Effect"
import { PipelineError } from "../services/errors.ts"
import { allFinite } from "../tensor/tensor-statistics.ts"
import type { TextEmbeddings } from "../services/text-encoder.ts"

/** Checks what a text encoder made of a prompt: float32 embeddings of one text, all of them finite. */
export const checkEmbeddings = (
  part: string,
  embeddings: TextEmbeddings | undefined,
): Effect.Effect<void, PipelineError> => {
  const { layout, shape, dtype } = embeddings ?? {}
  if (layout !== "batch tokens features" || shape?.[0] !== 1 || dtype !== "float32") {
    return Effect.fail(
      new PipelineError({
        message: `${part} gave ${shape === undefined ? "no embeddings" : `embeddings of [${shape.join(", ")}]`} for a prompt: float32 ones of [1, tokens, features] are needed.`,
      }),
    )
  }
  return allFinite(embeddings!.contiguous())
    ? Effect.void
    : Effect.fail(
        new PipelineError({
          message: `${part} gave embeddings with values that are not finite: check that its weights are not damaged.`,
        }),
      )
}
