import { log } from "@auteur/core"
import { attention, float, type Graph, int, linear, type Program, type Value, type WeightScope } from "@auteur/engine"
import type { T5Config } from "./config.ts"

/** The shape of one pass through the encoder. */
export interface T5EncoderSize {
  readonly batch: number
  readonly tokens: number
  /** Whether an attention mask is given; CogVideoX gives none and attends to the padding too. */
  readonly masked: boolean
}

/**
 * The encoder of T5 (arXiv 1910.10683) and UMT5 (arXiv 2304.09151) at one shape.
 *
 * input_ids: (B, N) int64, attention_mask: (B, N) int64 of 0 and 1 where `masked` → last_hidden_state: (B, N, d_model)
 */
export const t5EncoderProgram = (config: T5Config, { batch, tokens, masked }: T5EncoderSize): Program => ({
  key: `${config.model_type} encoder ${batch}x${tokens}${masked ? " masked" : ""}`,
  build: (graph, weights) => {
    const ids = graph.input("input_ids", [batch, tokens], "int64")
    const mask = masked ? maskBias(graph.input("attention_mask", [batch, tokens], "int64")) : undefined
    const buckets = relativePositionBuckets(graph, tokens, config)
    const biasOf = (layer: number): Value => {
      const key = `encoder.block.${layer}.layer.0.SelfAttention.relative_attention_bias.weight`
      const table = weights.tensor(key, [config.relative_attention_num_buckets, config.num_heads])
      const bias = relativePositionBias(table, buckets)
      return mask === undefined ? bias : bias.add(mask)
    }
    const shared = config.model_type === "t5" ? biasOf(0) : undefined
    // Rows are widened after they are gathered: the whole 16-bit table in float32 would take twice its size.
    let x = tokenTable(weights, config).gather(ids).cast("float32") // (B, N, D)
    for (let i = 0; i < config.num_layers; i++) {
      const name = `encoder.block.${i}`
      x = graph.block(name, () => encoderBlock(x, shared ?? biasOf(i), weights.scope(`${name}.layer`), config))
    }
    graph.output("last_hidden_state", rmsNorm(x, weights.scope("encoder.final_layer_norm"), config.layer_norm_epsilon))
  },
})

/** The table is tied between encoder and decoder and stored under either name; where both are there, they are equal. */
const tokenTable = (weights: WeightScope, config: T5Config): Value => {
  const tied = "encoder.embed_tokens.weight"
  const key = !weights.has("shared.weight") && weights.has(tied) ? tied : "shared.weight"
  return weights.stored(key, [config.vocab_size, config.d_model])
}

/** One layer: attention, then feed-forward, each with a norm before it and its input added after it. (B, N, D) → (B, N, D) */
const encoderBlock = (x: Value, bias: Value, weights: WeightScope, config: T5Config): Value => {
  const [attend, feed] = [weights.scope("0"), weights.scope("1")]
  const norm = (y: Value, sublayer: WeightScope) => rmsNorm(y, sublayer.scope("layer_norm"), config.layer_norm_epsilon)
  const y = x.add(selfAttention(norm(x, attend), bias, attend.scope("SelfAttention"), config))
  return y.add(feedForward(norm(y, feed), feed.scope("DenseReluDense"), config))
}

/** x / √(mean(x²) + ε) · weight over the last axis: no mean is subtracted and there is no bias. (…, D) → (…, D) */
const rmsNorm = (x: Value, weights: WeightScope, epsilon: number): Value =>
  x.graph.apply("SimplifiedLayerNormalization", [x, weights.tensor("weight", [x.length(-1)])], x.shape, {
    attributes: { axis: int(-1), epsilon: float(epsilon) },
  })

/** softmax(q kᵀ + bias) v: scores are not divided by √d, for which T5's initialization makes up. (B, N, D) → (B, N, D) */
const selfAttention = (x: Value, bias: Value, weights: WeightScope, config: T5Config): Value => {
  const { num_heads: H, d_kv, d_model } = config
  const project = (name: string) => linear(x, weights.scope(name), H * d_kv, { bias: false }) // (B, N, H · d_kv)
  const y = attention(project("q"), project("k"), project("v"), H, { scale: 1, bias })
  return linear(y, weights.scope("o"), d_model, { bias: false })
}

/** (gelu(x W₀) · x W₁) W, or relu(x W₁) W before T5 1.1. (B, N, D) → (B, N, D) */
const feedForward = (x: Value, weights: WeightScope, config: T5Config): Value => {
  const project = (name: string) => linear(x, weights.scope(name), config.d_ff, { bias: false }) // (B, N, d_ff)
  const inner =
    config.feed_forward_proj === "relu" ? project("wi").map("Relu") : project("wi_0").gelu().multiply(project("wi_1"))
  return linear(inner, weights.scope("wo"), config.d_model, { bias: false })
}

/** The lowest float32: beside any score it leaves a weight of 0, and a row without a key still has finite scores. */
const lowest = -(2 - 2 ** -23) * 2 ** 127

/** 0 for a key that is attended to, the lowest number for one that is not. (B, N) → (B, 1, 1, N) */
const maskBias = (mask: Value): Value => {
  const [B, N] = [mask.length(0), mask.length(1)]
  return mask.graph.scalar(1).subtract(mask.cast("float32")).multiply(lowest).reshape([B, 1, 1, N])
}

/** The bias of each head's scores. table: (buckets, H); buckets: (N, N) → (1, H, N, N) */
const relativePositionBias = (table: Value, buckets: Value): Value =>
  table
    .gather(buckets) // (N, N, H)
    .transpose([2, 0, 1])
    .reshape([1, table.length(1), ...buckets.shape])

type Buckets = Pick<T5Config, "relative_attention_num_buckets" | "relative_attention_max_distance">

/** The bucket of every pair of positions. → (N query, N key) int64 */
const relativePositionBuckets = (graph: Graph, N: number, config: Buckets): Value => {
  const buckets = new BigInt64Array(N * N)
  for (let query = 0; query < N; query++) {
    for (let key = 0; key < N; key++) buckets[query * N + key] = BigInt(relativePositionBucket(key - query, config))
  }
  return graph.constant(buckets, [N, N])
}

/**
 * The bucket of a key's position relative to its query's (arXiv 1910.10683 §2.1). Half of the buckets are for keys after the query.
 * Each half has one bucket for every near distance, then logarithmically wider ones up to the maximum distance; the last has the rest.
 *
 * Rounded to float32 at each step, as in the reference: the edges of the buckets depend on it.
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
