import type { TransformerConfig } from "../config.ts"
import { relativeChange, type StepCache, type StepSignal } from "./cache.ts"

/** An estimate of how much the network's output changes between two calls. */
export interface TeaEstimate {
  readonly signal: StepSignal
  /** The polynomial from the relative change of the signal to that of the output, highest power first. */
  readonly coefficients: ReadonlyArray<number>
}

export interface TeaCacheOptions extends TeaEstimate {
  /** The estimated relative change of the output, since it was last computed, from which it is computed again. */
  readonly threshold: number
}

/**
 * TeaCache (arXiv 2411.19108): skips all blocks while the estimated changes of the output, since the last call that ran them, add up to
 * less than `threshold`. The first and the last call are computed. {@link teaEstimate} gives the other options for a model.
 */
export const teaCache = ({ threshold, signal, coefficients }: TeaCacheOptions): StepCache => ({
  kind: "step",
  name: `tea ${threshold}`,
  signal,
  comparedWith: "last call",
  reuse: ({ signal, previous, distance, last }) => {
    const change = relativeChange(signal, previous)
    const sum = distance + coefficients.reduce((value, coefficient) => value * change + coefficient, 0)
    return !last && sum < threshold ? { reuse: true, distance: sum } : { reuse: false, distance: 0 }
  },
})

/**
 * The estimate for a model, which is recognized by its width, its layers and its patches.
 *
 * CogVideoX: the polynomials of TeaCache's authors (`TeaCache4CogVideoX1.5` in their repository) over the timestep embedding alone, so
 * that the calls that are computed depend on the sampler's timesteps and not on the prompt. Other models: the input that the timestep
 * modulates, where the paper starts (§3.2); for the bundled model with a line fitted to 122 pairs of calls, for unknown models as it is.
 */
export const teaEstimate = (
  config: Pick<
    TransformerConfig,
    "num_attention_heads" | "attention_head_dim" | "num_layers" | "patch_size_t" | "in_channels" | "out_channels"
  >,
): TeaEstimate => {
  const width = config.num_attention_heads * config.attention_head_dim
  if (width === 1920 && config.num_layers === 30) return ofTimestep(of2b)
  if (width === 3072 && config.num_layers === 42) {
    if (config.patch_size_t === null) return ofTimestep(of5b)
    return ofTimestep(config.in_channels === config.out_channels ? of15 : of15ImageToVideo)
  }
  const isBundled = width === 192 && config.num_layers === 6
  return { signal: "modulated-input", coefficients: isBundled ? ofBundled : [1, 0] }
}

const ofTimestep = (coefficients: ReadonlyArray<number>): TeaEstimate => ({
  signal: "timestep-embedding",
  coefficients,
})

const of2b = [-31.0658903, 25.4732368, -5.92380459, 1.75769064, -0.00361568434]
const of5b = [-1538.80483, 843.202495, -134.363087, 7.97131516, -0.0523162339]
const of15 = [250.210439, -165.061612, 35.7804877, -0.781551492, 0.0358559703]
const of15ImageToVideo = [122.842302, -104.088754, 26.2981677, -0.306009921, 0.037121322]
/** By `bench/caches/fit.ts`: correlation 0.96, against 0.90 for the timestep embedding. */
const ofBundled = [1.4744, -0.0017]
