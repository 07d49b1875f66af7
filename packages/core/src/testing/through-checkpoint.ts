import { decodeCheckpoint, encodeCheckpoint } from "../pipeline/checkpoint.ts"
import { Random } from "../random/random.ts"
import type { ComponentState } from "../services/component-state.ts"
import { initialState } from "../services/sampler.ts"
import { Tensor } from "../tensor/tensor.ts"

/** What a part finds in its memory when its run was saved as a checkpoint and is resumed. */
export const throughCheckpoint = (part: "denoiser" | "guidance", state: ComponentState): ComponentState => {
  const bytes = encodeCheckpoint({
    request: { prompt: "a fox", seed: 1, steps: 1, guidanceScale: 1 },
    denoiser: "none",
    sampler: "none",
    guidance: "none",
    editor: undefined,
    state: initialState(Tensor.zeros("batch frames channels height width", [1, 1, 1, 1, 1])),
    componentStates: { denoiser: new Map(), guidance: new Map(), [part]: new Map(state) },
    random: Random.torch(1).save(),
    image: undefined,
  })
  return new Map(decodeCheckpoint(bytes).componentStates[part])
}
