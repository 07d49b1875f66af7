import type { Program, Value, WeightScope } from "@auteur/engine"
import type { T5Config } from "./config.ts"
import { feedForward } from "./feed-forward.ts"
import { relativePositionBias, relativePositionBuckets } from "./relative-position-bias.ts"
import { rmsNorm } from "./rms-norm.ts"
import { selfAttention } from "./self-attention.ts"

/** The shape of a run. */
export interface T5EncoderSize {
  readonly batch: number
  readonly tokens: number
  /** Whether an attention mask is given; CogVideoX gives none and attends the padding too. */
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
    // Rows are widened after they are picked: the whole 16-bit table in float32 would take twice its size.
    let x = tokenTable(weights, config).gather(ids).cast("float32")
    for (let i = 0; i < config.num_layers; i++) {
      const name = `encoder.block.${i}`
      x = graph.block(name, () => encoderBlock(x, shared ?? biasOf(i), weights.scope(`${name}.layer`), config))
    }
    graph.output("last_hidden_state", rmsNorm(x, weights.scope("encoder.final_layer_norm"), config.layer_norm_epsilon))
  },
})

/** One layer: attention, then feed-forward, each added to what came in. (B, N, D) → (B, N, D) */
const encoderBlock = (x: Value, bias: Value, weights: WeightScope, config: T5Config): Value => {
  const [attend, feed] = [weights.scope("0"), weights.scope("1")]
  const norm = (y: Value, sublayer: WeightScope) => rmsNorm(y, sublayer.scope("layer_norm"), config.layer_norm_epsilon)
  const y = x.add(selfAttention(norm(x, attend), bias, attend.scope("SelfAttention"), config))
  return y.add(feedForward(norm(y, feed), feed.scope("DenseReluDense"), config))
}

/** The table is tied between encoder and decoder and stored under either name; the two are equal where both are there. */
const tokenTable = (weights: WeightScope, config: T5Config): Value => {
  const tied = "encoder.embed_tokens.weight"
  const key = !weights.has("shared.weight") && weights.has(tied) ? tied : "shared.weight"
  return weights.stored(key, [config.vocab_size, config.d_model])
}

/** The lowest float32: beside any score it leaves a weight of 0, and a row without a key still has finite scores. */
const lowest = -(2 - 2 ** -23) * 2 ** 127

/** 0 for a key to attend, the lowest number for one to leave out. (B, N) → (B, 1, 1, N) */
const maskBias = (mask: Value): Value => {
  const [batch, tokens] = [mask.length(0), mask.length(1)]
  return mask.graph.scalar(1).subtract(mask.cast("float32")).multiply(lowest).reshape([batch, 1, 1, tokens])
}
