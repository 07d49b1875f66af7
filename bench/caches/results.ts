import type { Machine } from "../machine.ts"
import type { CacheSetting } from "./settings.ts"

/** One point of a curve, over all clips. */
export interface CachePoint extends CacheSetting {
  /** Calls of the network whose blocks were run, or whose attention was computed, as a share of all. */
  readonly computed: number
  /** Operations of the blocks that were left out, as a share of all. */
  readonly leftOut: number
  /** Mean over the clips of the signal-to-noise ratio to the same clip without a cache, in decibels; null where a clip is the same. */
  readonly psnr: number | null
  /** Processor time of the steps as a share of that without a cache, taken right before: the median over the clips. */
  readonly time: number
}

export interface CacheResults {
  readonly date: string
  readonly commit: string
  readonly machine: Machine
  readonly warning: string | null
  readonly steps: number
  readonly clips: number
  readonly points: ReadonlyArray<CachePoint>
}
