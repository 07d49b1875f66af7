import type { LatentSize } from "@auteur/core"
import {
  attention,
  concat,
  type Graph,
  layerNorm,
  linear,
  type Program,
  type Value,
  type WeightScope,
} from "@auteur/engine"
import type { TransformerConfig } from "./config.ts"
import { expertLayerNorm, modulatedAffine } from "./expert-layer-norm.ts"
import { gridOf, patchOf } from "./grid.ts"
import { patchEmbed, type Streams, unpatchify } from "./patch-embed.ts"
import { rotaryEmbedding, type Rotation } from "./rotary-embedding.ts"
import { timestepEmbedding } from "./timestep-embedding.ts"

/** The latents of one forward pass. */
export interface TransformerSize extends LatentSize {
  readonly batch: number
}

/** The transformer at one size, with the length of its text. */
export interface TransformerShape {
  readonly config: TransformerConfig
  readonly size: TransformerSize
  readonly textTokens: number
}

/**
 * The expert transformer at one size (arXiv 2408.06072 §2.2).
 *
 * Inputs: `hidden_states` (B, F, C, h, w), `encoder_hidden_states` (B, text tokens, features), `timestep` (B) and, where the
 * config has an `ofs_embed_dim`, `ofs` (B), all float32. Output: `sample` (B, F, C, h, w).
 */
export const transformerProgram = (config: TransformerConfig, size: TransformerSize, textTokens: number): Program => {
  const shape = { config, size, textTokens }
  return {
    key: `transformer ${keyOf(shape)}`,
    build: (graph, weights) => {
      const { tokens, time } = embed(graph, shape, weights)
      const e = time.silu()
      const { video } = blocks(tokens, e, [0, config.num_layers], shape, weights)
      graph.output("sample", head(video, e, shape, weights))
    },
  }
}

/** Tells the programs of one transformer at different sizes apart. */
export const keyOf = ({ size: { batch, frames, height, width }, textTokens }: TransformerShape): string =>
  `${batch}x${frames}x${height}x${width}, ${textTokens} text tokens`

/** The inputs as tokens, and the timestep as the vector that modulates the blocks, before its SiLU. time: (B, E) */
export const embed = (
  graph: Graph,
  { config, size: { batch, frames, height, width }, textTokens }: TransformerShape,
  weights: WeightScope,
): { readonly tokens: Streams; readonly time: Value } => {
  const D = config.num_attention_heads * config.attention_head_dim
  const latents = graph.input("hidden_states", [batch, frames, config.in_channels, height, width])
  const text = graph.input("encoder_hidden_states", [batch, textTokens, config.text_embed_dim])
  const t = graph.input("timestep", [batch])
  let time = timestepEmbedding(t, D, config.time_embed_dim, config, weights.scope("time_embedding"))
  if (config.ofs_embed_dim !== null) {
    const width = config.ofs_embed_dim
    const ofs = graph.input("ofs", [batch])
    time = time.add(timestepEmbedding(ofs, width, width, config, weights.scope("ofs_embedding")))
  }
  return { tokens: patchEmbed(latents, text, config, weights.scope("patch_embed")), time }
}

/** Stands in the place of a block's attention; `compute` is the attention itself. (B, N, D) */
export type Attend = (compute: () => Value) => Value

/** The blocks from one to before another. e: (B, E), after its SiLU */
export const blocks = (
  tokens: Streams,
  e: Value,
  [from, to]: readonly [number, number],
  { config, size, textTokens }: TransformerShape,
  weights: WeightScope,
  attend: (block: number) => Attend = () => (compute) => compute(),
): Streams => {
  const { graph } = e
  const rotate: Rotation =
    config.use_rotary_positional_embeddings && from < to
      ? rotaryEmbedding(graph, config, gridOf(config, size), textTokens)
      : (x) => x
  let streams = tokens
  for (let i = from; i < to; i++) {
    const name = `transformer_blocks.${i}`
    streams = graph.block(name, () => block(streams, e, rotate, config, weights.scope(name), attend(i)))
  }
  return streams
}

/** One expert block: attention, then feed-forward, each between an expert layer norm and a gated sum. */
const block = (
  x: Streams,
  e: Value,
  rotate: Rotation,
  config: TransformerConfig,
  weights: WeightScope,
  attend: Attend,
): Streams => {
  const norm1 = expertLayerNorm(x, e, weights.scope("norm1"), config.norm_eps)
  const o = attend(() => fullAttention(join(norm1.normed), rotate, config, weights.scope("attn1")))
  const attended = addGated(x, norm1.gate, o)
  const norm2 = expertLayerNorm(attended, e, weights.scope("norm2"), config.norm_eps)
  return addGated(attended, norm2.gate, feedForward(join(norm2.normed), weights.scope("ff")))
}

/**
 * 3D full attention: every token of text and video attends to every other (arXiv 2408.06072 §2.2). Queries and keys are
 * normalized in each head, then rotated by their position. (B, N, D) → (B, N, D)
 */
const fullAttention = (x: Value, rotate: Rotation, config: TransformerConfig, weights: WeightScope): Value => {
  const D = x.length(-1)
  const bias = config.attention_bias
  const q = linear(x, weights.scope("to_q"), D, { bias })
  const k = linear(x, weights.scope("to_k"), D, { bias })
  const v = linear(x, weights.scope("to_v"), D, { bias })
  const o = attention(
    rotate(headNorm(q, config, weights.scope("norm_q"))),
    rotate(headNorm(k, config, weights.scope("norm_k"))),
    v,
    config.num_attention_heads,
  )
  return linear(o, weights.scope("to_out.0"), D)
}

/** Layer norm within each head. (B, N, H · d) → (B, N, H · d) */
const headNorm = (x: Value, config: TransformerConfig, weights: WeightScope): Value => {
  const d = config.attention_head_dim
  const heads = x.reshape([x.length(0), x.length(1), config.num_attention_heads, d]) // (B, N, H, d)
  return layerNorm(heads, weights.tensor("weight", [d]), weights.tensor("bias", [d]), 1e-6).reshape(x.shape)
}

/** Two linear layers with a GELU between them, four times as wide inside. (B, N, D) → (B, N, D) */
const feedForward = (x: Value, weights: WeightScope): Value => {
  const D = x.length(-1)
  const inner = linear(x, weights.scope("net.0.proj"), 4 * D).gelu() // (B, N, 4D)
  return linear(inner, weights.scope("net.2"), D)
}

/** One sequence of both kinds of tokens, text first. → (B, N, D) */
const join = ({ text, video }: Streams): Value => concat([text, video], 1)

/** x + gate · y for both kinds of tokens. gate: (B, 1, D) for each kind; y: (B, N, D) */
const addGated = (x: Streams, gate: Streams, y: Value): Streams => {
  const [text, video] = y.split(1, [x.text.length(1), x.video.length(1)])
  return {
    text: x.text.add(text!.multiply(gate.text)),
    video: x.video.add(video!.multiply(gate.video)),
  }
}

/** Final norms, the projection to patches, and the patches as latents. (B, video tokens, D) → (B, F, C, h, w) */
export const head = (
  video: Value,
  e: Value,
  { config, size }: Pick<TransformerShape, "config" | "size">,
  weights: WeightScope,
): Value => {
  const [B, D] = [e.length(0), video.length(-1)]
  const final = weights.scope("norm_final")
  const x = layerNorm(video, final.tensor("weight", [D]), final.tensor("bias", [D]), config.norm_eps)
  const modulation = linear(e, weights.scope("norm_out.linear"), 2 * D).reshape([B, 1, 2 * D])
  const [shift, scale] = modulation.split(2, [D, D]) // (B, 1, D) each
  const affine = modulatedAffine(shift!, scale!, weights.scope("norm_out.norm"))
  const normed = layerNorm(x, affine.scale, affine.shift, config.norm_eps)
  const patch = patchOf(config)
  const patchSize = config.out_channels * patch.frames * patch.height * patch.width
  return unpatchify(linear(normed, weights.scope("proj_out"), patchSize), size, config)
}
