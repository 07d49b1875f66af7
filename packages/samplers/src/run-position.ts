import { type Latents, type Level, PipelineError, type Schedule, type SamplerState } from "@auteur/core"

/** The level that a run stands at; a `PipelineError` when all steps are done. */
export const currentLevel = (schedule: Schedule, state: SamplerState): Level => {
  const level = schedule.levels[state.index]
  if (level !== undefined) return level
  throw new PipelineError({
    message: `The sampler was asked for step ${state.index} of a schedule whose ${schedule.levels.length} steps are numbered from 0; stop after the last one.`,
  })
}

/** What an earlier step left; a `PipelineError` when the state has lost it. */
export const remembered = (state: SamplerState, name: string): Latents => {
  const latents = state.history[name]
  if (latents !== undefined) return latents
  throw new PipelineError({
    message: `The sampler's state at step ${state.index} lacks "${name}", which the step before it left; restore the whole history of the state.`,
  })
}

/** The state after a step. */
export const advance = (
  state: SamplerState,
  sample: Latents,
  history: Readonly<Record<string, Latents>> = {},
): SamplerState => ({ index: state.index + 1, beginIndex: state.beginIndex, sample, history })
