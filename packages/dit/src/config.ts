import { latentFrames, type ModelError } from "@auteur/core"
import { decodeConfig } from "@auteur/core/decode-config"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** The most tokens that are attended at once: four times those of the largest grid that a CogVideoX was trained on. */
export const mostTokens: number = 2 ** 20

/** The fields of a CogVideoX transformer's `config.json` that decide what is computed, under the file's own names. */
export interface TransformerConfig {
  readonly num_attention_heads: number
  readonly attention_head_dim: number
  readonly in_channels: number
  readonly out_channels: number
  readonly flip_sin_to_cos: boolean
  readonly freq_shift: number
  readonly time_embed_dim: number
  /** The width of the embedding of `ofs`, the second number that conditions 1.5 image-to-video; `null` for other models. */
  readonly ofs_embed_dim: number | null
  readonly text_embed_dim: number
  readonly num_layers: number
  readonly attention_bias: boolean
  /** Latent positions, before they are cut into patches. */
  readonly sample_width: number
  readonly sample_height: number
  /** Frames of video, before the VAE compresses them. */
  readonly sample_frames: number
  readonly patch_size: number
  /** Latent frames in a patch (1.5), or `null` for patches of one frame (1.0). */
  readonly patch_size_t: number | null
  readonly temporal_compression_ratio: number
  readonly max_text_seq_length: number
  readonly norm_eps: number
  readonly spatial_interpolation_scale: number
  readonly temporal_interpolation_scale: number
  readonly use_rotary_positional_embeddings: boolean
  readonly use_learned_positional_embeddings: boolean
  /** Whether the convolution that makes 1.0 patches has a bias; the projection of 1.5 always has one. */
  readonly patch_bias: boolean
}

const optional = <S extends Schema.Top>(schema: S, missing: S["Type"]) =>
  schema.pipe(Schema.withDecodingDefaultTypeKey(Effect.succeed(missing)))

/** A count with a limit far above every real model, so that a damaged config is refused before it costs memory and minutes. */
const upTo = (most: number) => Schema.Int.check(Schema.isGreaterThan(0), Schema.isLessThanOrEqualTo(most))
const positive = Schema.Finite.check(Schema.isGreaterThan(0))

const className = "CogVideoXTransformer3DModel"

/** Fields that are left out have the defaults of diffusers. */
const ConfigFile = Schema.Struct({
  _class_name: Schema.Literal(className),
  activation_fn: optional(Schema.Literal("gelu-approximate"), "gelu-approximate"),
  timestep_activation_fn: optional(Schema.Literal("silu"), "silu"),
  norm_elementwise_affine: optional(Schema.Literal(true), true),
  num_attention_heads: optional(upTo(1024), 30),
  attention_head_dim: optional(upTo(4096), 64),
  in_channels: optional(upTo(4096), 16),
  out_channels: optional(upTo(4096), 16),
  flip_sin_to_cos: optional(Schema.Boolean, true),
  freq_shift: optional(Schema.Finite, 0),
  time_embed_dim: optional(upTo(65_536), 512),
  ofs_embed_dim: optional(Schema.NullOr(upTo(65_536)), null),
  text_embed_dim: optional(upTo(65_536), 4096),
  num_layers: optional(upTo(1024), 30),
  attention_bias: optional(Schema.Boolean, true),
  sample_width: optional(upTo(4096), 90),
  sample_height: optional(upTo(4096), 60),
  sample_frames: optional(upTo(65_536), 49),
  patch_size: optional(upTo(64), 2),
  patch_size_t: optional(Schema.NullOr(upTo(64)), null),
  temporal_compression_ratio: optional(upTo(64), 4),
  max_text_seq_length: optional(upTo(2048), 226),
  norm_eps: optional(positive, 1e-5),
  spatial_interpolation_scale: optional(positive, 1.875),
  temporal_interpolation_scale: optional(positive, 1),
  use_rotary_positional_embeddings: optional(Schema.Boolean, false),
  use_learned_positional_embeddings: optional(Schema.Boolean, false),
  patch_bias: optional(Schema.Boolean, true),
})

/**
 * Reads the content of a transformer's `config.json`; `source` names the file in messages.
 *
 * Fails with a {@link ModelError} that names each field of the wrong type, or with a value that cannot be run.
 */
export const parseTransformerConfig = (json: unknown, source: string): Effect.Effect<TransformerConfig, ModelError> =>
  Effect.fromResult(decodeConfig(ConfigFile, json, { component: "expert transformer", source }, { contradiction }))

/** Says which fields contradict each other. */
const contradiction = (config: TransformerConfig): string | undefined => {
  const width = config.num_attention_heads * config.attention_head_dim
  if (config.in_channels !== config.out_channels && config.in_channels !== 2 * config.out_channels) {
    return `"in_channels" is ${config.in_channels}, but it has to be "out_channels" (${config.out_channels}) or, with image latents, twice as many`
  }
  if (config.use_learned_positional_embeddings && !config.use_rotary_positional_embeddings) {
    return `"use_learned_positional_embeddings" is true without "use_rotary_positional_embeddings"`
  }
  if (config.ofs_embed_dim !== null && config.ofs_embed_dim !== config.time_embed_dim) {
    return `"ofs_embed_dim" is ${config.ofs_embed_dim}, but it has to be "time_embed_dim" (${config.time_embed_dim}), to which it is added`
  }
  if (config.use_rotary_positional_embeddings && config.attention_head_dim % 16 !== 0) {
    return `"attention_head_dim" is ${config.attention_head_dim}, but rotary positions need a multiple of 16`
  }
  if (width % 16 !== 0) {
    return `"num_attention_heads" × "attention_head_dim" is ${width}, but positions need a multiple of 16`
  }
  for (const side of ["sample_height", "sample_width"] as const) {
    if (config[side] % config.patch_size !== 0) {
      return `"${side}" is ${config[side]}, but it has to be a multiple of "patch_size" (${config.patch_size})`
    }
  }
  const frames = latentFrames(config.sample_frames, config.temporal_compression_ratio)
  const patches = (config.sample_height / config.patch_size) * (config.sample_width / config.patch_size)
  const tokens = patches * Math.ceil(frames / (config.patch_size_t ?? 1))
  if (tokens > mostTokens) {
    return `"sample_width", "sample_height" and "sample_frames" make ${tokens} tokens, but at most ${mostTokens} can be attended`
  }
  return undefined
}
