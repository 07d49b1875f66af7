import { linear, type Value, type WeightScope } from "@auteur/engine"

/** Two layers with a GELU between them, four times as wide inside. (B, N, D) → (B, N, D) */
export const feedForward = (x: Value, weights: WeightScope): Value => {
  const D = x.length(-1)
  return linear(linear(x, weights.scope("net.0.proj"), 4 * D).gelu(), weights.scope("net.2"), D)
}
