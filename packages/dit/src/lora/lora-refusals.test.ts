import { type AnyTensor, Tensor } from "@auteur/core"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { layerName, loraFile, matrix, pair } from "../../test/lora-file.ts"
import { loadCase } from "../../test/transformer-case.ts"
import { withLoras } from "./lora.ts"

describe("LoRA files", () => {
  const key = `transformer.${layerName}`
  it.effect.each([
    [
      "keys of another model",
      pair(32, 32, "transformer_blocks.9.attn1.to_k"),
      /"transformer\.transformer_blocks\.9\.attn1\.to_k\.lora_A\.weight" in the LoRA .* fits no linear layer/,
    ],
    ["keys of a text encoder", pair(32, 32, layerName, "text_encoder."), /fits no linear layer/],
    ["a convolution", pair(32, 32, "patch_embed.proj"), /patch_embed\.proj\.lora_A\.weight" .* fits no linear layer/],
    [
      "other tensors",
      { ...pair(32, 32), [`${key}.lora_magnitude_vector`]: matrix(1, 2) },
      /lora_magnitude_vector" .* fits no linear layer/,
    ],
    ["one of a pair", { [`${key}.lora_A.weight`]: matrix(2, 32) }, /lora_A\.weight" .* has no "lora_B" beside it/],
    ["an α alone", { [`${key}.alpha`]: matrix(1, 1) }, /alpha" .* has no "lora_A" beside it/],
    [
      "a wrong width",
      pair(32, 16),
      /lora_A\.weight" .* has the shape \[2, 16\], but the layer "transformer_blocks\.1\.attn1\.to_k" of the transformer needs \[2, 32\]/,
    ],
    [
      "ranks that differ",
      { ...pair(32, 32), [`${key}.lora_B.weight`]: matrix(32, 3) },
      /lora_B\.weight" .* \[32, 3\], but .* needs \[32, 2\]/,
    ],
    [
      "an α of several numbers",
      { ...pair(32, 32), [`${key}.alpha`]: matrix(1, 2) },
      /alpha" .* a single number is expected/,
    ],
    ["the same layer twice", { ...pair(32, 32), ...pair(32, 32, layerName, "") }, /is there a second time/],
    [
      "whole numbers",
      { ...pair(32, 32), [`${key}.lora_A.weight`]: Tensor.zeros("out in", [2, 32], "int32") },
      /stored as int32, but float16/,
    ],
    ["nothing", {}, /holds no tensors/],
    [
      "a rank of 0",
      {
        [`${key}.lora_A.weight`]: Tensor.zeros("out in", [0, 32]),
        [`${key}.lora_B.weight`]: Tensor.zeros("out in", [32, 0]),
      },
      /lora_A\.weight" .* has the rank 0, which adds nothing/,
    ],
    [
      "the factors of LoHa",
      { ...pair(32, 32), [`${key}.hada_w1_a`]: matrix(1, 2) },
      /hada_w1_a" .* belongs to a LoHa; only a plain LoRA/,
    ],
    ["the factors of LoKr", { [`lora_unet_x.lokr_w1`]: matrix(1, 2) }, /lokr_w1" .* belongs to a LoKr/],
    ["kohya's DoRA", { ...pair(32, 32), [`${key}.dora_scale`]: matrix(1, 2) }, /dora_scale" .* belongs to a DoRA/],
    [
      "the format of SAT",
      { "model.diffusion_model.mixins.lora.layers.0.matrix_A.0": matrix(1, 2) },
      /format of SAT, which the script export_sat_lora_weight\.py/,
    ],
    [
      "biases of the factors",
      { ...pair(32, 32), [`${key}.lora_B.bias`]: matrix(1, 32) },
      /lora_B\.bias" .* the bias of a factor/,
    ],
    [
      "two adapters",
      { [`${key}.lora_A.one.weight`]: matrix(2, 32), [`${key}.lora_B.two.weight`]: matrix(32, 2) },
      /belongs to the adapter "two", others to "one"/,
    ],
  ] as const)("with %s are refused", ([, tensors, message]) =>
    Effect.gen(function* () {
      const { weights } = yield* loadCase("v1-rope")
      const file = yield* loraFile(tensors as Record<string, AnyTensor>)
      const error = yield* Effect.flip(withLoras(weights, [{ weights: file, weight: 1 }]))
      assert.strictEqual(error._tag, "ModelError")
      assert.match(error.message, message)
    }),
  )

  it.effect.each([
    [{ peft_type: "LOHA" }, /is of the kind LOHA, which cannot be added/],
    [{ use_dora: true }, /is of the kind DoRA/],
    [
      { init_lora_weights: "pissa_niter_16" },
      /was trained from "pissa_niter_16", which changes the model's own weights/,
    ],
    [{ r: 4 }, /has rank 2 in the layer "transformer_blocks\.1\.attn1\.to_k", but its adapter_config\.json says 4/],
    [{ lora_alpha: "8" }, /adapter_config\.json of the LoRA .* cannot be read/],
    [{ alpha_pattern: { "(": 1 } }, /has the pattern "\(", which cannot be followed/],
    [{ alpha_pattern: { "(a+)+b": 1 } }, /has the pattern "\(a\+\)\+b", which cannot be followed/],
    [{ alpha_pattern: { ".*.*.*.*.*.*x": 1 } }, /cannot be followed/],
  ] as const)("with the adapter_config.json %j are refused", ([config, message]) =>
    Effect.gen(function* () {
      const { weights } = yield* loadCase("v1-rope")
      const file = yield* loraFile(pair(32, 32, layerName, "base_model.model."))
      const error = yield* Effect.flip(withLoras(weights, [{ weights: file, weight: 1, config }]))
      assert.strictEqual(error._tag, "ModelError")
      assert.match(error.message, message)
    }),
  )

  it.effect.each([
    ["{", /metadata "lora_adapter_metadata" of the LoRA .* cannot be read/],
    ['{"transformer.use_dora": true}', /of the kind DoRA, which cannot be added/],
  ] as const)("with metadata %s are refused", ([text, message]) =>
    Effect.gen(function* () {
      const { weights } = yield* loadCase("v1-rope")
      const file = yield* loraFile(pair(32, 32), { lora_adapter_metadata: text })
      const error = yield* Effect.flip(withLoras(weights, [{ weights: file, weight: 1 }]))
      assert.match(error.message, message)
    }),
  )

  it.effect("are refused with a weight of NaN", () =>
    Effect.gen(function* () {
      const { weights } = yield* loadCase("v1-rope")
      const error = yield* Effect.flip(
        withLoras(weights, [{ weights: yield* loraFile(pair(32, 32)), weight: Number.NaN }]),
      )
      assert.match(error.message, /weight of the LoRA .* is NaN: give a finite number/)
    }),
  )
})
