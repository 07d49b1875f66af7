import { attention, linear, type Value, type WeightScope } from "@auteur/engine"
import type { T5Config } from "./config.ts"

/** softmax(q kᵀ + bias) v: the scores are not divided by √d, which T5's initialisation makes up for. (B, N, D) → (B, N, D) */
export const selfAttention = (x: Value, bias: Value, weights: WeightScope, config: T5Config): Value => {
  const { num_heads: heads, d_kv, d_model } = config
  const project = (name: string) => linear(x, weights.scope(name), heads * d_kv, { bias: false }) // (B, N, H · d_kv)
  const y = attention(project("q"), project("k"), project("v"), heads, { scale: 1, bias })
  return linear(y, weights.scope("o"), d_model, { bias: false })
}
