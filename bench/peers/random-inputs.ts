import { Random } from "@auteur/core"

/** Normally distributed numbers, the same in every run. */
export const normal = (seed: number, count: number): Float32Array<ArrayBuffer> =>
  Float32Array.from(Random.torch(seed).normal(count))
