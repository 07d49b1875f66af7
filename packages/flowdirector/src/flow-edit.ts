import { Editor, type EditorShape, type Latents, linearCombination } from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

export interface FlowEditSettings {
  /** Draws of noise over which a step averages the velocities; default 1. */
  readonly draws?: number
}

/**
 * FlowEdit: moves the source along the difference between the velocities of the two prompts (arXiv 2412.08629, algorithm 1).
 *
 * With fresh noise ε in each step: z_source = (1 − σ) · source + σ · ε and z_target = edited + z_source − source, and the next video is
 * edited + (σ′ − σ) · (v(z_target, target) − v(z_source, source)).
 */
export const flowEdit = ({ draws = 1 }: FlowEditSettings = {}): EditorShape => ({
  name: "flow-edit",
  evaluationsPerStep: 2 * draws,
  step: Effect.fnUntraced(function* ({ source, edited, sigma, nextSigma, noise, velocity }) {
    // Differences first, so that equal prompts do not change a bit of the source.
    const moved = difference(edited, source)
    let next = edited
    for (let draw = 0; draw < draws; draw++) {
      const zSource: Latents = linearCombination([
        [1 - sigma, source],
        [sigma, noise()],
      ])
      const zTarget: Latents = linearCombination([
        [1, zSource],
        [1, moved],
      ])
      const v = difference(yield* velocity("target", zTarget), yield* velocity("source", zSource))
      next = linearCombination([
        [1, next],
        [(nextSigma - sigma) / draws, v],
      ])
    }
    return next
  }),
})

const difference = (a: Latents, b: Latents): Latents =>
  linearCombination([
    [1, a],
    [-1, b],
  ])

export const layer = (settings: FlowEditSettings = {}): Layer.Layer<Editor> => Layer.succeed(Editor, flowEdit(settings))
