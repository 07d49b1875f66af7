import type { Work } from "./job.ts"
import type { Side } from "./results.ts"

/** One comparison: the same work on several sides. */
export interface Case {
  readonly name: string
  readonly title: string
  readonly sides: ReadonlyArray<Side>
  /** The largest difference between the sides that compute in float32, relative to the largest value. */
  readonly tolerance: number
  /** Writes the inputs of all sides into a folder, and gives their jobs. */
  readonly prepare: (folder: string) => Work
}
