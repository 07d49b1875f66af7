import { type Latents, linearCombination } from "@auteur/core"

export interface AveragingGuidanceSettings {
  /** K: how many of the draws, those least like the mean, make the baseline. Default 2. */
  readonly baseline?: number
  /** w: how far the mean is moved away from the baseline. Default 2.75. */
  readonly weight?: number
}

/** The mean of several draws, each weighed alike. */
const meanOf = (draws: ReadonlyArray<Latents>): Latents => {
  const [first, ...rest] = draws.map((draw) => [1 / draws.length, draw] as const)
  return draws.length === 1 ? draws[0]! : linearCombination([first!, ...rest])
}

/**
 * Differential averaging guidance (DAG): V = V_hq + w · (V_hq − V_bl), where V_hq is the mean of L draws and V_bl the mean of the K draws of
 * lowest cosine to it (FlowDirector, arXiv 2506.05046 v2).
 *
 * The mean over all subsets of a size, which the released code takes for V_bl, equals V_hq, so that its guidance is zero. With K = L or one
 * draw there is no baseline either, and the mean is returned.
 *
 * @param draws Velocity differences of one step, each with noise of its own. (1, F, C, h, w)
 */
export const averagingGuidance = (
  draws: ReadonlyArray<Latents>,
  { baseline = 2, weight = 2.75 }: AveragingGuidanceSettings = {},
): Latents => {
  const mean = meanOf(draws)
  if (baseline >= draws.length || weight === 0) return mean
  const likeness = draws.map((draw) => cosine(draw, mean))
  const order = draws.map((_, i) => i).toSorted((a, b) => likeness[a]! - likeness[b]! || a - b)
  const worst = meanOf(order.slice(0, baseline).map((i) => draws[i]!))
  return linearCombination([
    [1 + weight, mean],
    [-weight, worst],
  ])
}

/** The cosine of the angle between two tensors as vectors; 0 where one of them vanishes. */
const cosine = (a: Latents, b: Latents): number => {
  const [x, y] = [a.contiguous().values(), b.contiguous().values()]
  let [dot, xx, yy] = [0, 0, 0]
  for (let i = 0; i < x.length; i++) {
    dot += x[i]! * y[i]!
    xx += x[i]! * x[i]!
    yy += y[i]! * y[i]!
  }
  return xx === 0 || yy === 0 ? 0 : dot / Math.sqrt(xx * yy)
}
