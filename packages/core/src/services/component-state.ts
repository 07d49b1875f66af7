import type { AnyTensor } from "../tensor/tensor.ts"

/**
 * Tensors that a component keeps from step to step of one run, by names of its own. They are saved with each checkpoint and given
 * back when the run is resumed, so they are replaced, never changed.
 */
export type ComponentState = Map<string, AnyTensor>

/** The states of the components that may have one. */
export interface ComponentStates {
  readonly denoiser: ComponentState
  readonly guidance: ComponentState
}
