import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { parseTransformerConfig } from "./config.ts"

const _class_name = "CogVideoXTransformer3DModel"
const messageOf = (json: unknown) =>
  Effect.map(Effect.flip(parseTransformerConfig(json, "transformer/config.json")), (error) => error.message)

describe("parseTransformerConfig", () => {
  it.effect("takes the defaults of the reference for fields that are left out", () =>
    Effect.gen(function* () {
      const config = yield* parseTransformerConfig({ _class_name, num_layers: 42, dropout: 0 }, "config.json")
      assert.deepInclude(config, {
        num_layers: 42,
        num_attention_heads: 30,
        attention_head_dim: 64,
        patch_size_t: null,
        ofs_embed_dim: null,
        max_text_seq_length: 226,
        spatial_interpolation_scale: 1.875,
        use_rotary_positional_embeddings: false,
      })
    }),
  )

  for (const [name, json, expected] of [
    ["another class", { _class_name: "WanTransformer3DModel" }, /"_class_name" is "WanTransformer3DModel"/],
    ["no class", { num_layers: 2 }, /"_class_name" is missing: use the expert transformer's own config file/],
    ["no object", [], /transformer\/config\.json/],
    [
      "another activation",
      { _class_name, activation_fn: "geglu" },
      /"activation_fn" is "geglu", but "gelu-approximate" is needed/,
    ],
    [
      "another timestep activation",
      { _class_name, timestep_activation_fn: "mish" },
      /"timestep_activation_fn" is "mish"/,
    ],
    [
      "norms without weights",
      { _class_name, norm_elementwise_affine: false },
      /"norm_elementwise_affine" is false, but true/,
    ],
    ["a number as text", { _class_name, num_layers: "30" }, /"num_layers" is "30"/],
    ["no heads", { _class_name, num_attention_heads: 0 }, /"num_attention_heads" is 0, but a value greater than 0/],
    [
      "odd input channels",
      { _class_name, in_channels: 20 },
      /"in_channels" is 20, but it has to be "out_channels" \(16\)/,
    ],
    [
      "learned positions alone",
      { _class_name, use_learned_positional_embeddings: true },
      /"use_learned_positional_embeddings"/,
    ],
    [
      "a narrow ofs",
      { _class_name, ofs_embed_dim: 256 },
      /"ofs_embed_dim" is 256, but it has to be "time_embed_dim" \(512\)/,
    ],
    [
      "heads that rotary positions do not divide",
      { _class_name, attention_head_dim: 24, use_rotary_positional_embeddings: true },
      /"attention_head_dim" is 24, but rotary positions need a multiple of 16/,
    ],
    [
      "a width that positions do not divide",
      { _class_name, num_attention_heads: 1, attention_head_dim: 8 },
      /is 8, but positions/,
    ],
    [
      "a thousand million layers",
      { _class_name, num_layers: 1e9 },
      /"num_layers" is 1000000000, but a value less than or equal to 1024 is needed/,
    ],
    ["as many heads", { _class_name, num_attention_heads: 1e9 }, /"num_attention_heads" is 1000000000, but .* 1024/],
    ["wide heads", { _class_name, attention_head_dim: 2 ** 40 }, /"attention_head_dim" is 1099511627776, but .* 4096/],
    ["an endless side", { _class_name, sample_width: 1e12 }, /"sample_width" is 1000000000000, but .* 4096/],
    ["endless frames", { _class_name, sample_frames: 1e12 }, /"sample_frames" is 1000000000000, but .* 65536/],
    [
      "endless texts",
      { _class_name, max_text_seq_length: 1e12 },
      /"max_text_seq_length" is 1000000000000, but .* 2048/,
    ],
    ["huge patches", { _class_name, patch_size_t: 1e12 }, /"patch_size_t" is 1000000000000, but .* 64/],
    ["wide texts", { _class_name, text_embed_dim: 1e9 }, /"text_embed_dim" is 1000000000, but .* 65536/],
    [
      "sides and frames that are too much together",
      { _class_name, sample_width: 4096, sample_height: 4096, sample_frames: 6401 },
      /"sample_width", "sample_height" and "sample_frames" make 6715080704 tokens, but at most 1048576/,
    ],
    ["a value of any length in short", { _class_name, num_layers: "9".repeat(1e6) }, /^.{150,300}$/],
    ["a side that patches do not divide", { _class_name, sample_width: 45 }, /"sample_width" is 45/],
  ] as const) {
    it.effect(`refuses ${name} and names the field with its value`, () =>
      Effect.map(messageOf(json), (message) => assert.match(message, expected)),
    )
  }
})
