import { type EditorShape, type Latents, linearCombination } from "@auteur/core"
import * as Effect from "effect/Effect"

export interface FlowAlignSettings {
  /** w: how strongly the target's prompt steers away from the source's. Default 13.5. */
  readonly guidance?: number
  /** ζ: how strongly the edit is held to its source. Default 0.01. */
  readonly hold?: number
}

/**
 * FlowAlign (arXiv 2505.23145): FlowEdit with the source's prompt as the negative one, and a pull towards the source.
 *
 * It guides by itself, so it is to be run with a guidance of 1.
 */
export const flowAlign = ({ guidance = 13.5, hold = 0.01 }: FlowAlignSettings = {}): EditorShape => ({
  name: "flow-align",
  evaluationsPerStep: 3,
  step: Effect.fnUntraced(function* ({ source, edited, sigma, nextSigma, noise, velocity }) {
    const zSource: Latents = linearCombination([
      [1 - sigma, source],
      [sigma, noise()],
    ])
    const zEdited: Latents = linearCombination([
      [1, edited],
      [1, zSource],
      [-1, source],
    ])
    const q = yield* velocity("source", zSource)
    const negative = yield* velocity("source", zEdited)
    const positive = yield* velocity("target", zEdited)
    // p = negative + w · (positive − negative)
    const p: Latents = linearCombination([
      [1 - guidance, negative],
      [guidance, positive],
    ])
    // edited + (σ′ − σ)·(p − q) + ζ·((zSource − σ·q) − (zEdited − σ·p))
    const length = nextSigma - sigma + hold * sigma
    return linearCombination([
      [1, edited],
      [length, p],
      [-length, q],
      [hold, zSource],
      [-hold, zEdited],
    ])
  }),
})
