import { type Latents, type Level, PipelineError, type Schedule, type SamplerState } from "@auteur/core"

/** The level of a state's sample; a `PipelineError` after the last step. */
export const currentLevel = (schedule: Schedule, state: SamplerState): Level => {
  const level = schedule.levels[state.index]
  if (level !== undefined) return level
  throw new PipelineError({
    message: `The sampler was called for step ${state.index} of a schedule with ${schedule.levels.length} steps, numbered from 0: stop after the last one.`,
  })
}

/** Latents that an earlier step left in the state's history; a `PipelineError` when they are missing. */
export const historyOf = (state: SamplerState, name: string): Latents => {
  const latents = state.history[name]
  if (latents !== undefined) return latents
  throw new PipelineError({
    message: `The sampler's state at step ${state.index} lacks "${name}", which the step before it left: restore the whole state.`,
  })
}

/** The state after a step. */
export const nextState = (
  state: SamplerState,
  sample: Latents,
  history: Readonly<Record<string, Latents>> = {},
): SamplerState => ({ index: state.index + 1, beginIndex: state.beginIndex, sample, history })
