import { type Latents, linearCombination, Tensor } from "@auteur/core"

export interface MotionControlSettings {
  /** ζ: how strongly the edit is led back. Default 0.01, for strong motion; 0.007 for weak. */
  readonly zeta?: number
  /** φ: how much of the change that is the same in all frames is kept. Default 0.3, for strong motion; 0.5 for weak. */
  readonly phi?: number
}

/**
 * Motion- and appearance-decoupled flow correction (MAD-FC), after a step: y ← y − ζ · [(Z0_tar − Z0_src) − φ · (A_tar − A_src)], where Z0 = z − σ·v
 * is each branch's estimate of clean latents and A its mean over the frames (FlowDirector, arXiv 2506.05046 v2).
 *
 * @param edited y. (1, F, C, h, w)
 * @param target Z0_tar. (1, F, C, h, w)
 * @param source Z0_src. (1, F, C, h, w)
 */
export const motionControl = (
  edited: Latents,
  target: Latents,
  source: Latents,
  { zeta = 0.01, phi = 0.3 }: MotionControlSettings = {},
): Latents => {
  const change = linearCombination([
    [1, target],
    [-1, source],
  ])
  return linearCombination([
    [1, edited],
    [-zeta, change],
    [zeta * phi, overFrames(change)],
  ])
}

/** The mean over the frames, repeated for each of them. */
const overFrames = (latents: Latents): Latents => {
  const [, frames, ...rest] = latents.shape
  const size = rest.reduce((product, length) => product * length, 1)
  const values = latents.contiguous().values()
  const out = new Float32Array(values.length)
  for (let p = 0; p < size; p++) {
    let sum = 0
    for (let f = 0; f < frames; f++) sum += values[f * size + p]!
    for (let f = 0; f < frames; f++) out[f * size + p] = sum / frames
  }
  return Tensor.from(latents.layout, latents.shape, out)
}
