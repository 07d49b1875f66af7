import type { ModelError } from "@auteur/core"
import { decodeConfig } from "@auteur/core/decode-config"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

/** The fields of a T5 or UMT5 folder's `config.json` that shape the encoder, under the file's own names. */
export interface T5Config {
  /** `t5` has one table of relative positions for all layers, `umt5` one for each. */
  readonly model_type: "t5" | "umt5"
  readonly vocab_size: number
  readonly d_model: number
  /** Features of one attention head; heads · d_kv need not be d_model. */
  readonly d_kv: number
  readonly d_ff: number
  readonly num_layers: number
  readonly num_heads: number
  readonly relative_attention_num_buckets: number
  readonly relative_attention_max_distance: number
  readonly layer_norm_epsilon: number
  /** `gated-gelu` since T5 1.1: gelu(x W₀) · x W₁; `relu` before. */
  readonly feed_forward_proj: "gated-gelu" | "relu"
}

/** A count with a limit far above every real model, so that a damaged config is refused before it costs memory and minutes. */
const upTo = (most: number, least = 1) =>
  Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(least), Schema.isLessThanOrEqualTo(most)))

const ConfigSchema = Schema.Struct({
  model_type: Schema.Literals(["t5", "umt5"]),
  vocab_size: upTo(4_194_304),
  d_model: upTo(65_536),
  d_kv: upTo(4096),
  d_ff: upTo(1_048_576),
  num_layers: upTo(1024),
  num_heads: upTo(1024),
  relative_attention_num_buckets: upTo(65_536, 4),
  relative_attention_max_distance: upTo(1_048_576),
  layer_norm_epsilon: Schema.optionalKey(Schema.Number.check(Schema.isGreaterThan(0))),
  feed_forward_proj: Schema.optionalKey(Schema.Literals(["gated-gelu", "relu"])),
})

/** transformers' defaults for fields that a file leaves out. */
const defaults: Readonly<Record<T5Config["model_type"], Omit<T5Config, "model_type">>> = {
  t5: {
    vocab_size: 32_128,
    d_model: 512,
    d_kv: 64,
    d_ff: 2048,
    num_layers: 6,
    num_heads: 8,
    relative_attention_num_buckets: 32,
    relative_attention_max_distance: 128,
    layer_norm_epsilon: 1e-6,
    feed_forward_proj: "relu",
  },
  umt5: {
    vocab_size: 250_112,
    d_model: 512,
    d_kv: 64,
    d_ff: 1024,
    num_layers: 8,
    num_heads: 6,
    relative_attention_num_buckets: 32,
    relative_attention_max_distance: 128,
    layer_norm_epsilon: 1e-6,
    feed_forward_proj: "gated-gelu",
  },
}

const complete = (found: (typeof ConfigSchema)["Type"]): T5Config => ({ ...defaults[found.model_type], ...found })

/**
 * Reads the content of a T5 or UMT5 encoder's `config.json`, with transformers' defaults; `source` names the file in messages.
 *
 * Fails with a {@link ModelError} that names each field that cannot be run, its value, and what can.
 */
export const parseT5Config = (
  json: unknown,
  source = "text_encoder/config.json",
): Effect.Effect<T5Config, ModelError> =>
  Effect.fromResult(
    Result.map(decodeConfig(ConfigSchema, json, { component: "text encoder", source }, { contradiction }), complete),
  )

const contradiction = (found: (typeof ConfigSchema)["Type"]): string | undefined => {
  const { relative_attention_num_buckets: buckets, relative_attention_max_distance: farthest } = complete(found)
  const nearest = Math.floor(buckets / 4)
  if (farthest > nearest) return undefined
  return `"relative_attention_max_distance" is ${farthest}, but with ${buckets} buckets it must be above ${nearest}`
}
