import { availableParallelism, freemem } from "node:os"
import { Hardware } from "@auteur/core"
import * as Layer from "effect/Layer"

/** What this machine has free, so that a request that cannot fit is refused before the work. */
export const machineLayer: Layer.Layer<never> = Layer.sync(Hardware, () => ({
  memoryBytes: process.availableMemory?.() ?? freemem(),
  // About what one core does in float32 matrix products (bench/ measures it).
  flopsPerSecond: 5e10 * availableParallelism(),
}))
