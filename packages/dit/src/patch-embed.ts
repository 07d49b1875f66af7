import { int, linear, type Value, type WeightScope } from "@auteur/engine"
import type { TransformerConfig } from "./config.ts"
import { gridOf, patchOf, sampleSize } from "./grid.ts"
import { sincosPositions } from "./sincos-positions.ts"

/** The two kinds of tokens that run through the blocks side by side. */
export interface Streams {
  /** (B, text tokens, D) */
  readonly text: Value
  /** (B, video tokens, D) */
  readonly video: Value
}

/**
 * Latents and text embeddings as tokens with their positions.
 * video (B, F, C, h, w), text (B, N, features) → text (B, N, D), video (B, F/pₜ · h/p · w/p, D)
 */
export const patchEmbed = (video: Value, text: Value, config: TransformerConfig, weights: WeightScope): Streams => {
  const D = config.num_attention_heads * config.attention_head_dim
  const tokens = {
    text: linear(text, weights.scope("text_proj"), D),
    video: project(patchify(video, config), D, config, weights.scope("proj")),
  }
  if (config.use_learned_positional_embeddings) return addLearned(tokens, config, weights)
  if (config.use_rotary_positional_embeddings) return tokens
  return { text: tokens.text, video: addSincos(tokens.video, video, config) }
}

/** (B, F, C, h, w) → (B, tokens, C · pₜ · p · p), tokens in the order time, height, width */
const patchify = (x: Value, config: TransformerConfig): Value => {
  const [B, F, C, h, w] = x.shape as [number, number, number, number, number]
  const [g, p] = [gridOf(config, { frames: F, height: h, width: w }), patchOf(config)]
  return x
    .reshape([B, g.frames, p.frames, C, g.height, p.height, g.width, p.width])
    .transpose([0, 1, 4, 6, 3, 2, 5, 7]) // (B, F/pₜ, h/p, w/p, C, pₜ, p, p)
    .reshape([B, g.frames * g.height * g.width, C * p.frames * p.height * p.width])
}

/** The inverse of {@link patchify}, for the network's output. (B, tokens, C · pₜ · p · p) → (B, F, C, h, w) */
export const unpatchify = (
  x: Value,
  size: { readonly frames: number; readonly height: number; readonly width: number },
  config: TransformerConfig,
): Value => {
  const [g, p] = [gridOf(config, size), patchOf(config)]
  const [B, C] = [x.length(0), config.out_channels]
  return x
    .reshape([B, g.frames, g.height, g.width, C, p.frames, p.height, p.width])
    .transpose([0, 1, 5, 4, 2, 6, 3, 7]) // (B, F/pₜ, pₜ, C, h/p, p, w/p, p)
    .reshape([B, size.frames, C, size.height, size.width])
}

/** A matrix product for both layouts of the weight: the kernel (D, C, p, p) of 1.0 is the matrix (D, C · p · p). */
const project = (patches: Value, D: number, config: TransformerConfig, weights: WeightScope): Value => {
  if (config.patch_size_t !== null) return linear(patches, weights, D)
  const [B, N, inner] = patches.shape as [number, number, number]
  const p = config.patch_size
  const kernel = weights.tensor("weight", [D, config.in_channels, p, p]).reshape([D, inner])
  const bias = config.patch_bias ? weights.tensor("bias", [D]) : undefined
  return patches.graph
    .apply("Gemm", [patches.reshape([B * N, inner]), kernel, bias], [B * N, D], { attributes: { transB: int(1) } })
    .reshape([B, N, D])
}

/** Adds the learned table, which covers text and video of the config's sample size and no other. */
const addLearned = ({ text, video }: Streams, config: TransformerConfig, weights: WeightScope): Streams => {
  const { frames, height, width } = gridOf(config, sampleSize(config))
  const lengths = [config.max_text_seq_length, frames * height * width] as const
  const table = weights.tensor("pos_embedding", [1, lengths[0] + lengths[1], video.length(-1)])
  const [textPositions, videoPositions] = table.split(1, lengths)
  return { text: text.add(textPositions!), video: video.add(videoPositions!) }
}

/** Adds sin-cos positions to the video tokens. (B, tokens, D) → (B, tokens, D) */
const addSincos = (tokens: Value, latents: Value, config: TransformerConfig): Value => {
  const [, F, , h, w] = latents.shape as [number, number, number, number, number]
  const grid = gridOf(config, { frames: F, height: h, width: w })
  const [B, D, area] = [tokens.length(0), tokens.length(-1), grid.height * grid.width]
  const { temporal, spatial } = sincosPositions(config, grid)
  return tokens
    .reshape([B, grid.frames, area, D])
    .add(tokens.graph.constant(temporal, [grid.frames, 1, D]))
    .add(tokens.graph.constant(spatial, [1, area, D]))
    .reshape(tokens.shape)
}
