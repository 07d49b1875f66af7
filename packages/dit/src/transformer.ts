import type { LatentSize } from "@auteur/core"
import { type Graph, layerNorm, linear, type Program, type Value, type WeightScope } from "@auteur/engine"
import { expertBlock } from "./block.ts"
import type { TransformerConfig } from "./config.ts"
import { modulatedAffine } from "./expert-layer-norm.ts"
import { gridOf, patchOf } from "./grid.ts"
import { patchEmbed, unpatchify } from "./patch-embed.ts"
import { rotaryEmbedding } from "./rotary-embedding.ts"
import { timestepEmbedding } from "./timestep-embedding.ts"

/** Latents that one run of the transformer takes. */
export interface TransformerSize extends LatentSize {
  readonly batch: number
}

/**
 * The expert transformer at one size (arXiv 2408.06072 §2.2).
 *
 * Inputs: `hidden_states` (B, F, C, h, w), `encoder_hidden_states` (B, text tokens, features), `timestep` (B) and, where the
 * config has an `ofs_embed_dim`, `ofs` (B), all float32. Output: `sample` (B, F, C, h, w).
 */
export const transformerProgram = (config: TransformerConfig, size: TransformerSize, textTokens: number): Program => ({
  key: `transformer ${size.batch}x${size.frames}x${size.height}x${size.width}, ${textTokens} text tokens`,
  build: (graph, weights) => {
    const { batch, frames, height, width } = size
    const latents = graph.input("hidden_states", [batch, frames, config.in_channels, height, width])
    const text = graph.input("encoder_hidden_states", [batch, textTokens, config.text_embed_dim])
    const e = conditioning(graph, batch, config, weights)
    const rotate = config.use_rotary_positional_embeddings
      ? rotaryEmbedding(graph, config, gridOf(config, size), textTokens)
      : undefined

    let tokens = patchEmbed(latents, text, config, weights.scope("patch_embed"))
    for (let i = 0; i < config.num_layers; i++) {
      const name = `transformer_blocks.${i}`
      tokens = graph.block(name, () => expertBlock(tokens, e, rotate, config, weights.scope(name)))
    }
    graph.output("sample", unpatchify(head(tokens.video, e, config, weights), size, config))
  },
})

/** What tells the blocks the timestep, after the SiLU that all of them start with. (B, E) */
const conditioning = (graph: Graph, batch: number, config: TransformerConfig, weights: WeightScope): Value => {
  const D = config.num_attention_heads * config.attention_head_dim
  const timestep = graph.input("timestep", [batch])
  const e = timestepEmbedding(timestep, D, config.time_embed_dim, config, weights.scope("time_embedding"))
  if (config.ofs_embed_dim === null) return e.silu()
  const ofs = graph.input("ofs", [batch])
  const width = config.ofs_embed_dim
  return e.add(timestepEmbedding(ofs, width, width, config, weights.scope("ofs_embedding"))).silu()
}

/** Final norms and the projection to patches. (B, video tokens, D) → (B, video tokens, C · pₜ · p · p) */
const head = (video: Value, e: Value, config: TransformerConfig, weights: WeightScope): Value => {
  const [batch, D] = [e.length(0), video.length(-1)]
  const final = weights.scope("norm_final")
  const x = layerNorm(video, final.tensor("weight", [D]), final.tensor("bias", [D]), config.norm_eps)
  const modulation = linear(e, weights.scope("norm_out.linear"), 2 * D).reshape([batch, 1, 2 * D])
  const [shift, scale] = modulation.split(2, [D, D]) // (B, 1, D) each
  const affine = modulatedAffine(shift!, scale!, weights.scope("norm_out.norm"))
  const normed = layerNorm(x, affine.scale, affine.shift, config.norm_eps)
  const patch = patchOf(config)
  return linear(normed, weights.scope("proj_out"), config.out_channels * patch.frames * patch.height * patch.width)
}
