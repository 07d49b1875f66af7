import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../pipeline/checkpoint.ts"
import { Random } from "../random/random.ts"
import type { ComponentState } from "../services/component-state.ts"
import { initialState, type SamplerState } from "../services/sampler.ts"
import { Tensor } from "../tensor/tensor.ts"

const throughCheckpoint = (changes: Partial<Checkpoint>): Checkpoint =>
  decodeCheckpoint(
    encodeCheckpoint({
      request: { prompt: "a fox", seed: 1, steps: 1, guidanceScale: 1 },
      modelHash: undefined,
      denoiser: "none",
      sampler: "none",
      guidance: "none",
      editor: undefined,
      state: initialState(Tensor.zeros("batch frames channels height width", [1, 1, 1, 1, 1])),
      componentStates: { denoiser: new Map(), guidance: new Map() },
      random: Random.torch(1).save(),
      image: undefined,
      given: {},
      ...changes,
    }),
  )

/** The state of a component after its run was saved as a checkpoint and resumed. */
export const componentStateThroughCheckpoint = (
  component: "denoiser" | "guidance",
  state: ComponentState,
): ComponentState => {
  const componentStates = { denoiser: new Map(), guidance: new Map(), [component]: new Map(state) }
  return new Map(throughCheckpoint({ componentStates }).componentStates[component])
}

/** The state of a sampler and its random numbers after its run was saved as a checkpoint and resumed. */
export const samplerStateThroughCheckpoint = (
  state: SamplerState,
  random: Random,
): { readonly state: SamplerState; readonly random: Random } => {
  const read = throughCheckpoint({ state, random: random.save() })
  return { state: read.state, random: Random.restore(read.random) }
}
