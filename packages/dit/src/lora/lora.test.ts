import { type AnyTensor, Tensor } from "@auteur/core"
import { Engine } from "@auteur/engine"
import { layer } from "@auteur/engine/node"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { loraFile } from "../../test/lora-file.ts"
import { loadCase, type TransformerCase } from "../../test/transformer-case.ts"
import { withLoras } from "./lora.ts"
import { transformerProgram } from "../transformer.ts"

const matrix = (rows: number, columns: number, seed = 1): AnyTensor =>
  Tensor.from(
    "out in",
    [rows, columns],
    Float32Array.from({ length: rows * columns }, (_, i) => Math.sin((i + 1) * (seed + 0.7))),
  )

const layerName = "transformer_blocks.1.attn1.to_k"
const pair = (out: number, inner: number, layer = layerName, prefix = "transformer.") => ({
  [`${prefix}${layer}.lora_A.weight`]: matrix(2, inner),
  [`${prefix}${layer}.lora_B.weight`]: matrix(out, 2),
})

/** The prediction of the tiny model for the reference's input, with LoRA files of these tensors, each with a weight. */
const predict = Effect.fnUntraced(function* (
  { config, weights, tensors }: TransformerCase,
  ...loras: ReadonlyArray<readonly [Readonly<Record<string, AnyTensor>>, number, Readonly<Record<string, string>>?]>
) {
  const files = yield* Effect.forEach(loras, ([tensors, weight, metadata]) =>
    Effect.map(loraFile(tensors, metadata), (weights) => ({ weights, weight })),
  )
  const hidden = tensors.get("in.hidden_states")!
  const [batch, frames, , height, width] = hidden.shape as [number, number, number, number, number]
  const names = [
    "hidden_states",
    "encoder_hidden_states",
    "timestep",
    ...(config.ofs_embed_dim === null ? [] : ["ofs"]),
  ]
  const inputs = Object.fromEntries(names.map((input) => [input, tensors.get(`in.${input}`)!]))
  const model = yield* (yield* Engine).open(yield* withLoras(weights, files))
  const { sample } = yield* model.run(
    transformerProgram(config, { batch, frames, height, width }, inputs["encoder_hidden_states"]!.shape[1]!),
    inputs,
  )
  return sample!.data as Float32Array
})

const furthest = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0)

const run = <A, E>(effect: Effect.Effect<A, E, Engine | Scope.Scope>) =>
  Effect.scoped(effect).pipe(Effect.provide(layer({ threads: 1 })))

describe("LoRA files", () => {
  it.effect(
    "change nothing with a weight of 0, and the more the greater it is, with or without a prefix of their keys",
    () =>
      run(
        Effect.gen(function* () {
          const given = yield* loadCase("v1-rope")
          const plain = yield* predict(given)
          const lora = pair(32, 32)
          assert.strictEqual(furthest(plain, yield* predict(given, [lora, 0])), 0)
          const half = yield* predict(given, [lora, 0.5])
          assert.isAbove(furthest(plain, half), 1e-3)
          assert.strictEqual(furthest(half, yield* predict(given, [pair(32, 32, layerName, ""), 0.5])), 0)
          assert.isAbove(furthest(plain, yield* predict(given, [lora, 1])), furthest(plain, half))
          // Twice at half weight is once at full weight.
          assert.isBelow(
            furthest(yield* predict(given, [lora, 1]), yield* predict(given, [lora, 0.5], [lora, 0.5])),
            2e-6,
          )
        }),
      ),
  )

  it.effect("are scaled by α / rank, of their own tensor or of the metadata that diffusers writes", () =>
    run(
      Effect.gen(function* () {
        const given = yield* loadCase("v1-rope")
        const lora = pair(32, 32)
        const tripled = yield* predict(given, [lora, 3])
        const alpha = Tensor.from("", [], Float32Array.of(6))
        const metadata = (object: unknown) => ({ lora_adapter_metadata: JSON.stringify(object) })
        const plain = metadata({ "transformer.r": 2, "transformer.lora_alpha": 6 })
        const pattern = metadata({ "transformer.lora_alpha": 1, "transformer.alpha_pattern": { to_k: 6 } })
        const stabilised = metadata({ lora_alpha: 3 * Math.SQRT2, use_rslora: true })
        for (const same of [
          yield* predict(given, [{ ...lora, [`transformer.${layerName}.alpha`]: alpha }, 1]),
          yield* predict(given, [lora, 1, plain]),
          yield* predict(given, [lora, 1, pattern]),
          yield* predict(given, [lora, 1, stabilised]),
        ]) {
          assert.isBelow(furthest(tripled, same), 2e-6)
        }
      }),
    ),
  )

  for (const name of ["v1-rope", "v15-i2v"] as const) {
    it.effect(`are added to every linear layer of the transformer: ${name}`, () =>
      run(
        Effect.gen(function* () {
          const given = yield* loadCase(name)
          const plain = yield* predict(given)
          const layers = [...given.weights.tensors].flatMap(([key, { shape }]) =>
            key.endsWith(".weight") && shape.length === 2 ? [[key.slice(0, -".weight".length), ...shape] as const] : [],
          )
          assert.isAbove(layers.length, 15)
          for (const [layer, out, inner] of layers) {
            const change = furthest(plain, yield* predict(given, [pair(out!, inner!, layer), 1]))
            assert.isAbove(change, 1e-5, layer)
          }
        }),
      ),
    )
  }

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
