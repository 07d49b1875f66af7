import { float, int, type Value, type WeightScope } from "@auteur/engine"

/** x / √(mean(x²) + ε) · weight over the last axis: no mean is taken off and nothing is added. (…, D) → (…, D) */
export const rmsNorm = (x: Value, weights: WeightScope, epsilon: number): Value =>
  x.graph.apply("SimplifiedLayerNormalization", [x, weights.tensor("weight", [x.length(-1)])], x.shape, {
    attributes: { axis: int(-1), epsilon: float(epsilon) },
  })
