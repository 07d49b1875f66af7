import type { Work } from "./job.ts"
import type { Side } from "./results.ts"

/** One comparison: the same work on several sides. */
export interface Case {
  readonly name: string
  readonly title: string
  readonly sides: ReadonlyArray<Side>
  /** The largest difference between the sides that compute in float32, as a part of the largest value. */
  readonly tolerance: number
  /** Writes what all sides read into a folder, and says what they are to do. */
  readonly prepare: (folder: string) => Work
}
