import type { Json } from "./case-folder.ts"

/** Sizes of tensors by their names in a checkpoint. */
export type Shapes = Readonly<Record<string, ReadonlyArray<number>>>

/** The config of a T5 or UMT5 encoder as its tensors' shapes tell it. */
export const t5ConfigOf = (shapes: Shapes): Json => {
  const length = (name: string, axis: number): number => shapes[name]?.[axis] ?? 0
  const block = "encoder.block.0.layer"
  const bias = "SelfAttention.relative_attention_bias.weight"
  const num_heads = length(`${block}.0.${bias}`, 1)
  const gated = shapes[`${block}.1.DenseReluDense.wi_0.weight`] !== undefined
  return {
    // UMT5 has a table of relative positions in each block, T5 in the first one.
    model_type: shapes[`encoder.block.1.layer.0.${bias}`] === undefined ? "t5" : "umt5",
    vocab_size: length("shared.weight", 0),
    d_model: length("shared.weight", 1),
    d_kv: length(`${block}.0.SelfAttention.q.weight`, 0) / num_heads,
    d_ff: length(`${block}.1.DenseReluDense.${gated ? "wi_0" : "wi"}.weight`, 0),
    num_heads,
    num_layers: new Set(Object.keys(shapes).flatMap((name) => /^encoder\.block\.(\d+)\./.exec(name)?.[1] ?? [])).size,
    relative_attention_num_buckets: length(`${block}.0.${bias}`, 0),
    feed_forward_proj: gated ? "gated-gelu" : "relu",
  }
}
