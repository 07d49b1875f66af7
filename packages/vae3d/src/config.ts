import type { ModelError } from "@auteur/core"
import { decodeConfig } from "@auteur/core/decode-config"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** The fields of a 3D causal VAE's `config.json` that decide what is computed, under the file's own names. */
export interface VaeConfig {
  readonly in_channels: number
  readonly out_channels: number
  readonly latent_channels: number
  /** Channels of the encoder's levels, from the pixels to the latents; each level but the last halves height and width. */
  readonly block_out_channels: ReadonlyArray<number>
  readonly layers_per_block: number
  /** The ε of the encoder's resnets; all other norms have 1e-6. */
  readonly norm_eps: number
  readonly norm_num_groups: number
  readonly temporal_compression_ratio: number
  /** The picture that the model was made for, in pixels: tiles are half as high and half as wide. */
  readonly sample_height: number
  readonly sample_width: number
  /** Latents that the denoiser sees are the posterior's sample times this. */
  readonly scaling_factor: number
  /** Whether the image latents of image-to-video are divided by the scaling factor. */
  readonly invert_scale_latents: boolean
}

const optional = <S extends Schema.Top>(schema: S, missing: S["Type"]) =>
  schema.pipe(Schema.withDecodingDefaultTypeKey(Effect.succeed(missing)))

/** A count up to a limit far above every real model: beyond it a config would cost memory and minutes before its weights refuse it. */
const upTo = (most: number) => Schema.Int.check(Schema.isGreaterThan(0), Schema.isLessThanOrEqualTo(most))
const positive = Schema.Finite.check(Schema.isGreaterThan(0))
const levels = <const Name extends string>(name: Name) =>
  optional(Schema.Array(Schema.Literal(name)), [name, name, name, name])

/** Fields that are left out have the defaults of diffusers. */
const ConfigFile = Schema.Struct({
  _class_name: Schema.Literal("AutoencoderKLCogVideoX"),
  act_fn: optional(Schema.Literals(["silu", "swish"]), "silu"),
  down_block_types: levels("CogVideoXDownBlock3D"),
  up_block_types: levels("CogVideoXUpBlock3D"),
  use_quant_conv: optional(Schema.Literal(false), false),
  use_post_quant_conv: optional(Schema.Literal(false), false),
  latents_mean: optional(Schema.Null, null),
  latents_std: optional(Schema.Null, null),
  shift_factor: optional(Schema.Null, null),
  in_channels: optional(upTo(4096), 3),
  out_channels: optional(upTo(4096), 3),
  latent_channels: optional(upTo(4096), 16),
  block_out_channels: optional(Schema.Array(upTo(65_536)).check(Schema.isMaxLength(8)), [128, 256, 256, 512]),
  layers_per_block: optional(upTo(256), 3),
  norm_eps: optional(positive, 1e-6),
  norm_num_groups: optional(upTo(65_536), 32),
  temporal_compression_ratio: optional(upTo(64), 4),
  sample_height: optional(upTo(65_536), 480),
  sample_width: optional(upTo(65_536), 720),
  scaling_factor: optional(positive, 1.15258426),
  invert_scale_latents: optional(Schema.Boolean, false),
})

/**
 * Reads the content of a VAE's `config.json`; `source` names the file in messages.
 *
 * Fails with a {@link ModelError} that names the field and its value when it is of the wrong type or describes a model that cannot
 * be run.
 */
export const parseVaeConfig = (json: unknown, source: string): Effect.Effect<VaeConfig, ModelError> =>
  Effect.fromResult(decodeConfig(ConfigFile, json, { component: "3D causal VAE", source }, { contradiction }))

/** A contradiction between fields. */
const contradiction = (
  config: VaeConfig & {
    readonly down_block_types: ReadonlyArray<string>
    readonly up_block_types: ReadonlyArray<string>
  },
): string | undefined => {
  const { block_out_channels, norm_num_groups, temporal_compression_ratio } = config
  const depth = block_out_channels.length
  if (depth === 0) return `"block_out_channels" is empty`
  for (const field of ["down_block_types", "up_block_types"] as const) {
    if (config[field].length !== depth) {
      return `"${field}" has ${config[field].length} blocks, but "block_out_channels" has ${depth}`
    }
  }
  const odd = block_out_channels.find((channels) => channels % norm_num_groups !== 0)
  if (odd !== undefined) {
    return `"block_out_channels" has ${odd}, which "norm_num_groups" (${norm_num_groups}) does not divide`
  }
  const halvings = temporalLevels(config)
  if (2 ** halvings !== temporal_compression_ratio || halvings >= depth) {
    return `"temporal_compression_ratio" is ${temporal_compression_ratio}, but ${depth} blocks can compress time by a power of two below ${2 ** depth}`
  }
  return undefined
}

/** The number of levels, from the input of the encoder or of the decoder, that halve or double the frames. */
export const temporalLevels = (config: VaeConfig): number => 31 - Math.clz32(config.temporal_compression_ratio)

/** Pixels per latent position, along height and along width. */
export const spatialCompression = (config: VaeConfig): number => 2 ** (config.block_out_channels.length - 1)
