import { type Latents, Tensor } from "@auteur/core"

export interface DirectionControlSettings {
  /** α: how much stronger the part against the source's velocity gets. Default 0.25. */
  readonly alpha?: number
}

/** Bounds the projection where the source's velocity vanishes. */
const epsilon = 1e-8

/**
 * Direction-aware flow correction (DA-FC): keeps an edit from being drawn along the source's own velocity.
 *
 * At each latent position, V∥ = ⟨V, V_src⟩ / (‖V_src‖² + ε) · V_src and V⊥ = V − V∥ over the channels. Where V points along V_src only V⊥ is
 * kept; where it points against, (1 + α)·V∥ + V⊥ (FlowDirector, arXiv 2506.05046 v2).
 *
 * @param velocity V, the difference of the target's and the source's velocity. (1, F, C, h, w)
 * @param source V_src. (1, F, C, h, w)
 */
export const directionControl = (
  velocity: Latents,
  source: Latents,
  { alpha = 0.25 }: DirectionControlSettings = {},
): Latents => {
  const [, frames, channels, height, width] = velocity.shape
  const plane = height * width
  const V = velocity.contiguous().values()
  const S = source.contiguous().values()
  const out = new Float32Array(V.length)
  for (let f = 0; f < frames; f++) {
    for (let p = 0; p < plane; p++) {
      const first = f * channels * plane + p
      let [dot, norm] = [0, 0]
      for (let c = 0, i = first; c < channels; c++, i += plane) {
        dot += V[i]! * S[i]!
        norm += S[i]! * S[i]!
      }
      const projection = dot / (norm + epsilon)
      const kept = dot >= 0 ? -projection : alpha * projection
      for (let c = 0, i = first; c < channels; c++, i += plane) out[i] = V[i]! + kept * S[i]!
    }
  }
  return Tensor.from(velocity.layout, velocity.shape, out)
}
