import { attention, layerNorm, linear, type Value, type WeightScope } from "@auteur/engine"
import type { TransformerConfig } from "./config.ts"
import type { Rotation } from "./rotary-embedding.ts"

/**
 * 3D full attention: every token of text and video attends to every other (arXiv 2408.06072 §2.2). Queries and keys are
 * normalised in each head, then turned by their position. (B, N, D) → (B, N, D)
 */
export const fullAttention = (
  x: Value,
  rotate: Rotation | undefined,
  config: TransformerConfig,
  weights: WeightScope,
): Value => {
  const D = x.length(-1)
  const bias = config.attention_bias
  const position = rotate ?? ((value: Value) => value)
  const q = linear(x, weights.scope("to_q"), D, { bias })
  const k = linear(x, weights.scope("to_k"), D, { bias })
  const v = linear(x, weights.scope("to_v"), D, { bias })
  const o = attention(
    position(headNorm(q, config, weights.scope("norm_q"))),
    position(headNorm(k, config, weights.scope("norm_k"))),
    v,
    config.num_attention_heads,
  )
  return linear(o, weights.scope("to_out.0"), D)
}

/** Layer norm within each head. (B, N, heads · d) → (B, N, heads · d) */
const headNorm = (x: Value, config: TransformerConfig, weights: WeightScope): Value => {
  const d = config.attention_head_dim
  const heads = x.reshape([x.length(0), x.length(1), config.num_attention_heads, d])
  return layerNorm(heads, weights.tensor("weight", [d]), weights.tensor("bias", [d]), 1e-6).reshape(x.shape)
}
