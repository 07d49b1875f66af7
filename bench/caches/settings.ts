import type { CacheName } from "auteur/effect"

/** One point of a curve. */
export interface CacheSetting {
  readonly name: CacheName
  readonly threshold: number
}

const curve = (name: CacheName, thresholds: ReadonlyArray<number>): ReadonlyArray<CacheSetting> =>
  thresholds.map((threshold) => ({ name, threshold }))

export const settings: ReadonlyArray<CacheSetting> = [
  ...curve("first-block", [0, 0.05, 0.1, 0.15, 0.2, 0.3]),
  ...curve("tea", [0.1, 0.15, 0.2, 0.3, 0.5]),
  ...curve("pyramid", [2, 3, 4, 6]),
]

export const steps = 50

/** The clips. */
export const clips: ReadonlyArray<readonly [prompt: string, seed: number]> = [
  ["a fox runs to the right on the ice", 7],
  ["a red bus bounces in the city at night", 11],
  ["a dragon comes near in the desert", 23],
  ["a panda spins in a meadow", 42],
]
