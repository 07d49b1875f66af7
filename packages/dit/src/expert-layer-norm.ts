import { layerNorm, linear, type Value, type WeightScope } from "@auteur/engine"
import type { Streams } from "./patch-embed.ts"

/** The normalized tokens of a sublayer, and the gate of what the sublayer adds. */
interface ExpertNorm {
  readonly normed: Streams
  /** (B, 1, D) for each kind of token. */
  readonly gate: Streams
}

/**
 * Expert adaptive layer norm: one layer norm for text and video, but a scale, a shift and a gate for each of the two,
 * which a linear layer makes of the timestep (arXiv 2408.06072 §2.2). e: (B, E), after its SiLU.
 */
export const expertLayerNorm = (x: Streams, e: Value, weights: WeightScope, epsilon: number): ExpertNorm => {
  const [batch, D] = [e.length(0), x.video.length(-1)]
  // (B, 6D): shift, scale and gate of video, then of text.
  const modulation = linear(e, weights.scope("linear"), 6 * D).reshape([batch, 2, 3 * D])
  const [shift, scale, gate] = modulation.split(2, [D, D, D]) // (B, 2, D) each
  const affine = modulatedAffine(shift!, scale!, weights.scope("norm")) // (B, 2, D) each
  const scales = toStreams(affine.scale)
  const shifts = toStreams(affine.shift)
  return {
    normed: {
      text: layerNorm(x.text, scales.text, shifts.text, epsilon),
      video: layerNorm(x.video, scales.video, shifts.video, epsilon),
    },
    gate: toStreams(gate!),
  }
}

/**
 * (x̂w + b)(1 + scale) + shift = x̂ · w(1 + scale) + (b(1 + scale) + shift): the modulation becomes the layer norm's own weight and
 * bias, which saves a pass over the tokens. shift, scale: (B, …, D)
 */
export const modulatedAffine = (
  shift: Value,
  scale: Value,
  weights: WeightScope,
): { readonly scale: Value; readonly shift: Value } => {
  const D = scale.length(-1)
  const factor = scale.add(1)
  return {
    scale: factor.multiply(weights.tensor("weight", [D])),
    shift: factor.multiply(weights.tensor("bias", [D])).add(shift),
  }
}

/** (B, 2, D) → (B, 1, D) for video and for text. */
const toStreams = (both: Value): Streams => {
  const [video, text] = both.split(1, [1, 1])
  return { text: text!, video: video! }
}
