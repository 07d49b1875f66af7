import { log } from "@auteur/core"
import type { Graph, Value } from "@auteur/engine"
import type { T5Config } from "./config.ts"

type Buckets = Pick<T5Config, "relative_attention_num_buckets" | "relative_attention_max_distance">

/**
 * The bucket of a key's position relative to its query's: half of the buckets for keys after the query; in each half, one for
 * every near distance, then logarithmically wider ones up to the maximum distance, beyond which all share the last.
 *
 * Source: T5 (arXiv 1910.10683) §2.1. Rounded to float32 at each step, as the reference is: the bucket's edges depend on it.
 */
export const relativePositionBucket = (relativePosition: number, config: Buckets): number => {
  const half = Math.floor(config.relative_attention_num_buckets / 2)
  const side = relativePosition > 0 ? half : 0
  const distance = Math.abs(relativePosition)
  const exact = Math.floor(half / 2)
  if (distance < exact) return side + distance
  const { fround } = Math
  const octaves = fround(log(fround(distance / exact)))
  const share = fround(octaves / fround(log(config.relative_attention_max_distance / exact)))
  return side + Math.min(half - 1, exact + Math.floor(fround(share * (half - exact))))
}

/** The bucket of every pair of positions. → (N query, N key) int64 */
export const relativePositionBuckets = (graph: Graph, tokens: number, config: Buckets): Value => {
  const buckets = new BigInt64Array(tokens * tokens)
  for (let query = 0; query < tokens; query++) {
    for (let key = 0; key < tokens; key++) {
      buckets[query * tokens + key] = BigInt(relativePositionBucket(key - query, config))
    }
  }
  return graph.constant(buckets, [tokens, tokens])
}

/** What attention adds to the scores of each head. table: (buckets, H); buckets: (N, N) → (1, H, N, N) */
export const relativePositionBias = (table: Value, buckets: Value): Value =>
  table
    .gather(buckets) // (N, N, H)
    .transpose([2, 0, 1])
    .reshape([1, table.length(1), ...buckets.shape])
