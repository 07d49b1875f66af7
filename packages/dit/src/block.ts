import type { Value, WeightScope } from "@auteur/engine"
import { fullAttention } from "./attention.ts"
import type { TransformerConfig } from "./config.ts"
import { expertLayerNorm } from "./expert-layer-norm.ts"
import { feedForward } from "./feed-forward.ts"
import type { Rotation } from "./rotary-embedding.ts"
import { addGated, join, type Streams } from "./streams.ts"

/** What stands in the place of a block's attention: `compute` is the attention itself. (B, N, D) */
export type Attend = (compute: () => Value) => Value

/** One expert transformer block: attention, then a feed-forward network, each between an expert norm and a gated sum. */
export const expertBlock = (
  x: Streams,
  e: Value,
  rotate: Rotation | undefined,
  config: TransformerConfig,
  weights: WeightScope,
  attend: Attend,
): Streams => {
  const first = expertLayerNorm(x, e, weights.scope("norm1"), config.norm_eps)
  const attention = attend(() => fullAttention(join(first.normed), rotate, config, weights.scope("attn1")))
  const attended = addGated(x, first.gate, attention)
  const second = expertLayerNorm(attended, e, weights.scope("norm2"), config.norm_eps)
  return addGated(attended, second.gate, feedForward(join(second.normed), weights.scope("ff")))
}
