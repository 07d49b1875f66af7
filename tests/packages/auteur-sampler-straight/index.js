import { linearCombination, rectifiedFlow } from "@auteur/core"

/** Walks straight lines from noise to clean latents, in steps that get smaller. */
export const straight = {
  name: "straight",
  process: rectifiedFlow,
  schedule: (steps) => ({
    levels: Array.from({ length: steps }, (_, i) => {
      const share = 1 - i / steps
      const sigma = share * share
      return { alpha: 1 - sigma, sigma, timestep: 1000 * sigma }
    }),
  }),
  step: (schedule, { index, beginIndex, history }, { clean, noise }) => {
    const { alpha, sigma } = schedule.levels[index + 1] ?? { alpha: 1, sigma: 0 }
    const sample = linearCombination([
      [alpha, clean],
      [sigma, noise],
    ])
    return { index: index + 1, beginIndex, sample, history }
  },
}
