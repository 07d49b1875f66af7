import { PipelineError } from "@auteur/core"
import type { StepQuestion } from "./step-cache.ts"

/** The error for a cache that threw, or decided on nonsense. */
export const cacheFailure = (
  cache: string,
  model: string,
  { index, timestep }: Pick<StepQuestion, "index" | "timestep">,
  cause: unknown,
): PipelineError =>
  new PipelineError({
    message: `The cache "${cache}" of ${model} failed at call ${index + 1}, timestep ${timestep}: ${cause instanceof Error ? cause.message : String(cause)}; correct it, or leave it out.`,
    cause,
  })
