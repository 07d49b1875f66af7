import type { LatentSize } from "@auteur/core"
import { type Graph, layerNorm, linear, type Program, type Value, type WeightScope } from "@auteur/engine"
import { type Attend, expertBlock } from "./block.ts"
import type { TransformerConfig } from "./config.ts"
import { modulatedAffine } from "./expert-layer-norm.ts"
import { gridOf, patchOf } from "./grid.ts"
import { patchEmbed, unpatchify } from "./patch-embed.ts"
import { rotaryEmbedding } from "./rotary-embedding.ts"
import type { Streams } from "./streams.ts"
import { timestepEmbedding } from "./timestep-embedding.ts"

/** Latents that one run of the transformer takes. */
export interface TransformerSize extends LatentSize {
  readonly batch: number
}

/** The transformer at one size, with the text that it is given. */
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

/** The inputs as tokens, and the vector that tells the blocks the timestep, before the SiLU that all of them start with. (B, E) */
export const embed = (
  graph: Graph,
  { config, size, textTokens }: TransformerShape,
  weights: WeightScope,
): { readonly tokens: Streams; readonly time: Value } => {
  const { batch, frames, height, width } = size
  const latents = graph.input("hidden_states", [batch, frames, config.in_channels, height, width])
  const text = graph.input("encoder_hidden_states", [batch, textTokens, config.text_embed_dim])
  const time = conditioning(graph, batch, config, weights)
  return { tokens: patchEmbed(latents, text, config, weights.scope("patch_embed")), time }
}

const conditioning = (graph: Graph, batch: number, config: TransformerConfig, weights: WeightScope): Value => {
  const D = config.num_attention_heads * config.attention_head_dim
  const timestep = graph.input("timestep", [batch])
  const e = timestepEmbedding(timestep, D, config.time_embed_dim, config, weights.scope("time_embedding"))
  if (config.ofs_embed_dim === null) return e
  const ofs = graph.input("ofs", [batch])
  const width = config.ofs_embed_dim
  return e.add(timestepEmbedding(ofs, width, width, config, weights.scope("ofs_embedding")))
}

/** The blocks from one to before another. e: (B, E), after its SiLU; `attend` may put something in the place of a block's attention. */
export const blocks = (
  tokens: Streams,
  e: Value,
  [from, to]: readonly [number, number],
  { config, size, textTokens }: TransformerShape,
  weights: WeightScope,
  attend: (block: number) => Attend = () => (compute) => compute(),
): Streams => {
  const { graph } = e
  const rotate =
    config.use_rotary_positional_embeddings && from < to
      ? rotaryEmbedding(graph, config, gridOf(config, size), textTokens)
      : undefined
  let streams = tokens
  for (let i = from; i < to; i++) {
    const name = `transformer_blocks.${i}`
    streams = graph.block(name, () => expertBlock(streams, e, rotate, config, weights.scope(name), attend(i)))
  }
  return streams
}

/** Final norms, the projection to patches, and the patches as latents. (B, video tokens, D) → (B, F, C, h, w) */
export const head = (
  video: Value,
  e: Value,
  { config, size }: Pick<TransformerShape, "config" | "size">,
  weights: WeightScope,
): Value => {
  const [batch, D] = [e.length(0), video.length(-1)]
  const final = weights.scope("norm_final")
  const x = layerNorm(video, final.tensor("weight", [D]), final.tensor("bias", [D]), config.norm_eps)
  const modulation = linear(e, weights.scope("norm_out.linear"), 2 * D).reshape([batch, 1, 2 * D])
  const [shift, scale] = modulation.split(2, [D, D]) // (B, 1, D) each
  const affine = modulatedAffine(shift!, scale!, weights.scope("norm_out.norm"))
  const normed = layerNorm(x, affine.scale, affine.shift, config.norm_eps)
  const patch = patchOf(config)
  const patches = config.out_channels * patch.frames * patch.height * patch.width
  return unpatchify(linear(normed, weights.scope("proj_out"), patches), size, config)
}
