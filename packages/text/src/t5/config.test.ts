import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { parseT5Config } from "./config.ts"

it.effect("takes transformers' defaults for fields that a file leaves out", () =>
  Effect.gen(function* () {
    const t5 = yield* parseT5Config({ model_type: "t5", d_model: 4096 })
    const umt5 = yield* parseT5Config({ model_type: "umt5" })
    assert.deepInclude(t5, { d_model: 4096, vocab_size: 32128, num_layers: 6, feed_forward_proj: "relu" })
    assert.deepInclude(umt5, { d_model: 512, vocab_size: 250112, num_heads: 6, feed_forward_proj: "gated-gelu" })
  }),
)

it.effect("has only the fields that the encoder reads", () =>
  Effect.gen(function* () {
    const config = yield* parseT5Config({ model_type: "t5", dropout_rate: 0.1, num_decoder_layers: 2 })
    assert.notProperty(config, "dropout_rate")
  }),
)

it.effect.each([
  [{}, "model_type"],
  [{ model_type: "bert" }, "model_type", "bert"],
  [{ model_type: "t5", feed_forward_proj: "gated-silu" }, "feed_forward_proj", "gated-silu", "gated-gelu"],
  [{ model_type: "t5", num_layers: 2.5 }, "num_layers", "2.5"],
  [{ model_type: "t5", num_layers: 1e9 }, "num_layers", "1000000000", "1024"],
  [{ model_type: "t5", num_heads: 1e9 }, "num_heads", "1000000000", "1024"],
  [{ model_type: "t5", vocab_size: 1e12 }, "vocab_size", "1000000000000", "4194304"],
  [{ model_type: "t5", d_model: 1e12 }, "d_model", "1000000000000", "65536"],
  [{ model_type: "t5", d_kv: 1e12 }, "d_kv", "1000000000000", "4096"],
  [{ model_type: "t5", d_ff: 1e12 }, "d_ff", "1000000000000", "1048576"],
  [{ model_type: "umt5", relative_attention_num_buckets: 1e12 }, "relative_attention_num_buckets", "65536"],
  [{ model_type: "umt5", relative_attention_max_distance: 1e18 }, "relative_attention_max_distance", "1048576"],
  [{ model_type: "umt5", d_kv: 0 }, "d_kv", "0"],
  [{ model_type: "t5", layer_norm_epsilon: "1e-6" }, "layer_norm_epsilon"],
  [{ model_type: "t5", relative_attention_num_buckets: 2 }, "relative_attention_num_buckets", "2"],
  [{ model_type: "t5", relative_attention_max_distance: 8 }, "relative_attention_max_distance", "8"],
] as const)("names the field that cannot be run: %j", ([json, ...words]) =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(parseT5Config(json, "the-folder/config.json"))
    assert.strictEqual(error._tag, "ModelError")
    for (const word of ["the-folder/config.json", ...words]) assert.include(error.message, word)
    assert.notInclude(error.message, "\n")
  }),
)
