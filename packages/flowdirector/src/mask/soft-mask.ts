import { exp, log, PipelineError, Tensor } from "@auteur/core"
import { distanceTransform } from "./distance-transform.ts"
import { type MaskMap, smoothed } from "./smooth.ts"
import { type Threshold, thresholdOf } from "./threshold.ts"

export interface SoftMaskSettings {
  /** Where a map is cut. Default Otsu's threshold. */
  readonly threshold?: Threshold
  /** Standard deviations of the Gaussian that smooths a map before it is cut. Default 0.5 latent frames, 0.75 latent positions. */
  readonly smoothing?: { readonly time: number; readonly space: number }
  /** How much the size of the velocity difference counts beside the words' maps, in 0…1. Default 0.5. */
  readonly saliency?: number
  /** λ: how fast the edit fades outside of the mask, by latent position. Default 0.25. */
  readonly decay?: number
}

/** The maps that a mask is found in. */
export interface MaskEvidence {
  /** Attention from the changed words to the video: of the source's prompt and of the target's. */
  readonly source?: MaskMap | undefined
  readonly target?: MaskMap | undefined
  /** The size of the velocity difference. */
  readonly saliency?: MaskMap | undefined
}

/**
 * A binary mask out of maps: each map, scaled to its largest value, smoothed and weighed with the saliency, is cut at its threshold, and the union
 * of the two is taken (FlowDirector's SAFC, arXiv 2506.05046 v1).
 *
 * @throws PipelineError when nothing, or everything, would be edited
 */
export const binaryMask = (
  { source, target, saliency }: MaskEvidence,
  {
    threshold = { kind: "otsu" },
    smoothing = { time: 0.5, space: 0.75 },
    saliency: share = 0.5,
  }: SoftMaskSettings = {},
): MaskMap => {
  const maps = [source, target].filter((map) => map !== undefined)
  const size = saliency === undefined || share === 0 ? undefined : scaled(smoothed(saliency, smoothing))
  const cut = (
    maps.length === 0 && size !== undefined
      ? [size]
      : maps.map((map) => weighed(scaled(smoothed(map, smoothing)), size, share))
  ).map((map) => {
    const values = map.values()
    const limit = thresholdOf(values, threshold)
    return { map, values: values.map((value) => (value > limit ? 1 : 0)) }
  })
  const [first] = cut
  if (first === undefined)
    throw new PipelineError({
      message: "A mask cannot be found: there is neither a word's attention map nor a velocity difference.",
    })
  const union = first.values.map((_, p) => (cut.some(({ values }) => values[p] === 1) ? 1 : 0))
  checkShare(union)
  return Tensor.from(first.map.layout, first.map.shape, union)
}

const checkShare = (mask: Float32Array): void => {
  const inside = mask.reduce((sum, value) => sum + value, 0)
  if (inside > 0 && inside < mask.length) return
  throw new PipelineError({
    message: `The mask that was found is ${inside === 0 ? "empty, so that nothing would change" : "the whole video, so that nothing would be kept"}: name the words that change, or give a mask or a box.`,
  })
}

/** Divided by its largest value; a map without one stays as it is. */
const scaled = (map: MaskMap): MaskMap => {
  const values = map.contiguous().values()
  const largest = values.reduce((most, value) => Math.max(most, value), 0)
  return largest === 0
    ? map
    : Tensor.from(
        map.layout,
        map.shape,
        values.map((value) => value / largest),
      )
}

/** x^exponent, and 0 for what is not positive. */
const power = (x: number, exponent: number): number => (x > 0 ? exp(exponent * log(x)) : 0)

/** The weighted geometric mean of a map and the saliency: high where both are. */
const weighed = (map: MaskMap, saliency: MaskMap | undefined, share: number): MaskMap => {
  if (saliency === undefined) return map
  const size = saliency.contiguous().values()
  const values = map
    .contiguous()
    .values()
    .map((value, p) => power(value, 1 - share) * power(size[p]!, share))
  return Tensor.from(map.layout, map.shape, values)
}

/**
 * The weight of the edit at each position: 1 in the mask, and M̃ = exp(−λ·d) at the distance d from it within its frame (SAFC).
 */
export const softMask = (mask: MaskMap, { decay = 0.25 }: Pick<SoftMaskSettings, "decay"> = {}): MaskMap => {
  const [, frames, height, width] = mask.shape
  const values = mask.contiguous().values()
  const out = new Float32Array(values.length)
  for (let f = 0; f < frames; f++) {
    const plane = f * height * width
    const distances = distanceTransform(values.subarray(plane, plane + height * width), height, width)
    distances.forEach((d, p) => {
      out[plane + p] = exp(-decay * d)
    })
  }
  return Tensor.from(mask.layout, mask.shape, out)
}
