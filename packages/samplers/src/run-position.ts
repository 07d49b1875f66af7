import { type Latents, type Level, PipelineError, type Plan, type SamplerState } from "@auteur/core"

/** The level that a run stands at; a `PipelineError` when all steps are done. */
export const currentLevel = (plan: Plan, state: SamplerState): Level => {
  const level = plan.levels[state.index]
  if (level !== undefined) return level
  throw new PipelineError({
    message: `The sampler was asked for step ${state.index} of a plan whose ${plan.levels.length} steps are numbered from 0; stop after the last one.`,
  })
}

/** What an earlier step left; a `PipelineError` when the state has lost it. */
export const remembered = (state: SamplerState, name: string): Latents => {
  const latents = state.memory[name]
  if (latents !== undefined) return latents
  throw new PipelineError({
    message: `The sampler's state at step ${state.index} lacks "${name}", which the step before it left; restore the whole memory of the state.`,
  })
}

/** The state after a step. */
export const advance = (
  state: SamplerState,
  sample: Latents,
  memory: Readonly<Record<string, Latents>> = {},
): SamplerState => ({ index: state.index + 1, begin: state.begin, sample, memory })
