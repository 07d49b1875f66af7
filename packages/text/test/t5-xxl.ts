/** The tensors of the encoder of T5-v1.1-XXL or UMT5-XXL, by name. */
export const t5XxlShapes = (type: "t5" | "umt5"): Readonly<Record<string, ReadonlyArray<number>>> => {
  const [d, inner, dff, vocabulary] = [4096, 64 * 64, 10_240, type === "t5" ? 32_128 : 256_384]
  const shapes: Record<string, ReadonlyArray<number>> = {
    "shared.weight": [vocabulary, d],
    "encoder.embed_tokens.weight": [vocabulary, d],
    "encoder.final_layer_norm.weight": [d],
  }
  for (let i = 0; i < 24; i++) {
    const [attention, feedForward] = [`encoder.block.${i}.layer.0`, `encoder.block.${i}.layer.1`]
    for (const name of ["q", "k", "v"]) shapes[`${attention}.SelfAttention.${name}.weight`] = [inner, d]
    shapes[`${attention}.SelfAttention.o.weight`] = [d, inner]
    if (i === 0 || type === "umt5") shapes[`${attention}.SelfAttention.relative_attention_bias.weight`] = [32, 64]
    shapes[`${attention}.layer_norm.weight`] = [d]
    for (const name of ["wi_0", "wi_1"]) shapes[`${feedForward}.DenseReluDense.${name}.weight`] = [dff, d]
    shapes[`${feedForward}.DenseReluDense.wo.weight`] = [d, dff]
    shapes[`${feedForward}.layer_norm.weight`] = [d]
  }
  return shapes
}
