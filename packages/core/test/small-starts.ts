import * as Effect from "effect/Effect"
import type { EditorShape } from "../src/services/editor.ts"
import type { InversionShape } from "../src/services/inversion.ts"
import type { NoiseProcess } from "../src/noise/noise-process.ts"
import { type Latents } from "../src/tensor/tensor.ts"
import { linearCombination } from "../src/tensor/tensor-arithmetic.ts"

/** The same clean latents and the same noise, mixed for the next level up. */
export const climbing = (process: NoiseProcess): InversionShape => ({
  name: "climbing",
  process,
  schedule: (levels) => ({ levels: levels.slice(0, -1), end: levels.at(-1)! }),
  step: (schedule, { index, beginIndex }, { clean, noise }) => {
    const { alpha, sigma } = schedule.levels[index + 1] ?? schedule.end!
    const sample = linearCombination([
      [alpha, clean],
      [sigma, noise],
    ])
    return { index: index + 1, beginIndex, sample, history: {} }
  },
})

/** Leads the source along the difference of the two prompts' velocities, with fresh noise in each step. */
export const leading: EditorShape = {
  name: "leading",
  step: Effect.fnUntraced(function* ({ source, edited, sigma, nextSigma, noise, velocity }) {
    const from: Latents = linearCombination([
      [1 - sigma, source],
      [sigma, noise()],
    ])
    const moved: Latents = linearCombination([
      [1, edited],
      [-1, source],
    ])
    const to: Latents = linearCombination([
      [1, from],
      [1, moved],
    ])
    const difference: Latents = linearCombination([
      [1, yield* velocity("target", to)],
      [-1, yield* velocity("source", from)],
    ])
    return linearCombination([
      [1, edited],
      [nextSigma - sigma, difference],
    ])
  }),
}
