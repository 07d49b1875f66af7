import type { AnyTensor } from "../tensor/tensor.ts"

/**
 * What a part keeps from step to step of one run, by names of its own: plain tensors, which are saved with each checkpoint and given
 * back when the run is resumed. Tensors in it are replaced, never changed.
 */
export type ComponentState = Map<string, AnyTensor>
