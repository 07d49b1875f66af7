import { exp, log } from "@auteur/core"
import { concat, linear, type Value, type WeightScope } from "@auteur/engine"
import type { TransformerConfig } from "./config.ts"

/** The order and the spacing of a sinusoid's halves. */
type Sinusoid = Pick<TransformerConfig, "flip_sin_to_cos" | "freq_shift">

/** [cos(tω), sin(tω)] with ω_i = 10000^(−i / (width/2)). (B) → (B, width) */
const sinusoid = (t: Value, width: number, { flip_sin_to_cos, freq_shift }: Sinusoid): Value => {
  const half = width / 2
  // Rounded as the reference rounds it: at timestep 999 one unit in the last place of ω moves the angle by 6e-5.
  const frequencies = Float32Array.from({ length: half }, (_, i) =>
    exp(Math.fround(Math.fround(Math.fround(-log(10000)) * i) / (half - freq_shift))),
  )
  const angle = t.reshape([t.size, 1]).multiply(t.graph.constant(frequencies, [1, half]))
  const [cos, sin] = [angle.map("Cos"), angle.map("Sin")]
  return concat(flip_sin_to_cos ? [cos, sin] : [sin, cos], 1)
}

/** A number as a vector: its sinusoid of width `width` through a two-layer network. (B) → (B, E) */
export const timestepEmbedding = (
  t: Value,
  width: number,
  embedding: number,
  config: Sinusoid,
  weights: WeightScope,
): Value => {
  const hidden = linear(sinusoid(t, width, config), weights.scope("linear_1"), embedding).silu()
  return linear(hidden, weights.scope("linear_2"), embedding)
}
