import { linear, type Value, type WeightScope } from "@auteur/engine"
import type { T5Config } from "./config.ts"

/** (gelu(x W₀) · x W₁) W, or relu(x W₁) W before T5 1.1. (B, N, D) → (B, N, D) */
export const feedForward = (x: Value, weights: WeightScope, config: T5Config): Value => {
  const project = (name: string) => linear(x, weights.scope(name), config.d_ff, { bias: false }) // (B, N, d_ff)
  const inner =
    config.feed_forward_proj === "relu" ? project("wi").map("Relu") : project("wi_0").gelu().multiply(project("wi_1"))
  return linear(inner, weights.scope("wo"), config.d_model, { bias: false })
}
