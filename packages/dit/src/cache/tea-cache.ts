import type { TransformerConfig } from "../config.ts"
import { relativeChange, type StepCache } from "./step-cache.ts"

export interface TeaCacheOptions {
  /** How far the answer may have moved since it was computed, in estimated relative change. */
  readonly threshold: number
  /** A polynomial from the change of the timestep's vector to that of the answer, highest power first: see {@link teaCoefficients}. */
  readonly coefficients: ReadonlyArray<number>
}

/**
 * TeaCache (arXiv 2411.19108): no block is run while the estimated changes of the answer since the last call that was computed add up
 * to less than `threshold`. The first and the last call are computed.
 *
 * The estimate looks at the timestep's vector alone, as the authors' code for CogVideoX does, so that which calls are computed depends
 * on the sampler's timesteps and not on the prompt.
 */
export const teaCache = ({ threshold, coefficients }: TeaCacheOptions): StepCache => ({
  kind: "step",
  name: `tea ${threshold}`,
  signal: "timestep-embedding",
  comparedWith: "last call",
  reuse: ({ signal, previous, distance, last }) => {
    const change = relativeChange(signal, previous)
    const sum = distance + coefficients.reduce((value, coefficient) => value * change + coefficient, 0)
    return !last && sum < threshold ? { reuse: true, distance: sum } : { reuse: false, distance: 0 }
  },
})

/** The change of the timestep's vector itself, for models that nobody has fitted a polynomial to. */
const identity = [1, 0]

/** The polynomials that TeaCache's authors fitted to CogVideoX (their repository, `TeaCache4CogVideoX1.5`); the identity for other models. */
export const teaCoefficients = (
  config: Pick<
    TransformerConfig,
    "num_attention_heads" | "attention_head_dim" | "num_layers" | "patch_size_t" | "in_channels" | "out_channels"
  >,
): ReadonlyArray<number> => {
  const width = config.num_attention_heads * config.attention_head_dim
  if (width === 1920 && config.num_layers === 30) return of2b
  if (width !== 3072 || config.num_layers !== 42) return identity
  if (config.patch_size_t === null) return of5b
  return config.in_channels === config.out_channels ? of15 : of15ImageToVideo
}

const of2b = [-31.0658903, 25.4732368, -5.92380459, 1.75769064, -0.00361568434]
const of5b = [-1538.80483, 843.202495, -134.363087, 7.97131516, -0.0523162339]
const of15 = [250.210439, -165.061612, 35.7804877, -0.781551492, 0.0358559703]
const of15ImageToVideo = [122.842302, -104.088754, 26.2981677, -0.306009921, 0.037121322]
