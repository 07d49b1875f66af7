import { type AnyTensor, Tensor } from "@auteur/core"
import { Engine } from "@auteur/engine"
import { layer } from "@auteur/engine/node"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { layerName, loraFile, matrix, pair } from "../../test/lora-file.ts"
import { loadCase, type TransformerCase } from "../../test/transformer-case.ts"
import { type Lora, loraNotices, withLoras } from "./lora.ts"
import { transformerProgram } from "../transformer.ts"

/** The prediction of the tiny model for the reference's input, with LoRA files of these tensors, each with a weight. */
const predict = Effect.fnUntraced(function* (
  { config, weights, tensors }: TransformerCase,
  ...loras: ReadonlyArray<
    readonly [Readonly<Record<string, AnyTensor>>, number, Readonly<Record<string, string>>?, Lora["config"]?]
  >
) {
  const files = yield* Effect.forEach(loras, ([tensors, weight, metadata, config]) =>
    Effect.map(loraFile(tensors, metadata), (weights) => ({ weights, weight, config })),
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

  it.effect("are the same under the names that every tool gives their tensors", () =>
    run(
      Effect.gen(function* () {
        const given = yield* loadCase("v1-rope")
        const layers = [layerName, "transformer_blocks.0.attn1.to_out.0"]
        const plain = yield* predict(given, [Object.assign({}, ...layers.map((layer) => pair(32, 32, layer))), 1])
        const [a, b] = [matrix(2, 32), matrix(32, 2)]
        const named = (name: (layer: string) => readonly [string, string]) =>
          Object.fromEntries(
            layers.flatMap((layer) => {
              const [down, up] = name(layer)
              return [
                [down, a],
                [up, b],
              ]
            }),
          )
        const forms: ReadonlyArray<(layer: string) => readonly [string, string]> = [
          (layer) => [`base_model.model.${layer}.lora_A.weight`, `base_model.model.${layer}.lora_B.weight`],
          (layer) => [
            `base_model.model.${layer}.lora_A.default.weight`,
            `base_model.model.${layer}.lora_B.default.weight`,
          ],
          (layer) => [`diffusion_model.${layer}.lora_A.weight`, `diffusion_model.${layer}.lora_B.weight`],
          (layer) => [`${layer}.lora_A.default.weight`, `${layer}.lora_B.default.weight`],
          (layer) => [`pipe.dit.${layer}.lora_A.default.weight`, `pipe.dit.${layer}.lora_B.default.weight`],
          (layer) => [`transformer.${layer}.lora_down.weight`, `transformer.${layer}.lora_up.weight`],
          (layer) => [`transformer.${layer}.lora.down.weight`, `transformer.${layer}.lora.up.weight`],
          (layer) => [`module._orig_mod.${layer}.lora_A.weight`, `module._orig_mod.${layer}.lora_B.weight`],
          (layer) => {
            const name = `lora_unet_${layer.replaceAll(".", "_")}`
            return [`${name}.lora_down.weight`, `${name}.lora_up.weight`]
          },
          (layer) => {
            const name = `lora_unet__${layer.replaceAll(".", "_")}`
            return [`${name}.lora_down.weight`, `${name}.lora_up.weight`]
          },
          (layer) => {
            const name = layer.replace(/\.(to_\w+?)(\.0)?$/, ".processor.$1_lora")
            return [`${name}.down.weight`, `${name}.up.weight`]
          },
        ]
        for (const form of forms) {
          assert.deepStrictEqual(yield* predict(given, [named(form), 1]), plain, form(layerName)[0])
        }
      }),
    ),
  )

  it.effect("are scaled by PEFT's adapter_config.json, by its own rule of matching", () =>
    run(
      Effect.gen(function* () {
        const given = yield* loadCase("v1-rope")
        const lora = pair(32, 32, layerName, "base_model.model.")
        const [plain, tripled] = [yield* predict(given, [lora, 1]), yield* predict(given, [lora, 3])]
        const scaled = (config: Lora["config"]) => predict(given, [lora, 1, {}, { r: 2, ...config }])
        for (const same of [
          { lora_alpha: 6 },
          { lora_alpha: 3 * Math.SQRT2, use_rslora: true },
          { lora_alpha: 2, alpha_pattern: { "^transformer_blocks\\.1\\.attn1\\.to_k": 6 } },
          { lora_alpha: 2, alpha_pattern: { "attn1.to_(q|k)": 6 } },
          { lora_alpha: 2, alpha_pattern: { "transformer_blocks\\.\\d+\\..*": 6 } },
          { lora_alpha: 2, alpha_pattern: { "(?P<attention>attn1)\\.to_k\\Z": 6 } },
          { lora_alpha: 2, alpha_pattern: { to_q: 1, "(?!.*to_q).*to_k": 6, to_k: 8 } },
          { r: 16, rank_pattern: { "1.attn1.to_k": 2 }, lora_alpha: 6 },
        ]) {
          assert.isBelow(furthest(tripled, yield* scaled(same)), 2e-6, JSON.stringify(same))
        }
        for (const same of [
          { lora_alpha: 2 },
          // No whole name, and not from a dot on.
          { lora_alpha: 2, alpha_pattern: { "ttn1.to_k": 6, to_: 6, transformer_blocks: 6, "to_k$ ": 6 } },
        ]) {
          assert.isBelow(furthest(plain, yield* scaled(same)), 2e-6, JSON.stringify(same))
        }
      }),
    ),
  )

  it.effect("take an α of whole numbers, as kohya's scripts write where it is the rank", () =>
    run(
      Effect.gen(function* () {
        const given = yield* loadCase("v1-rope")
        const name = `lora_unet_${layerName.replaceAll(".", "_")}`
        const alpha = Tensor.from("", [], BigInt64Array.of(6n), "int64")
        const lora = {
          [`${name}.lora_down.weight`]: matrix(2, 32),
          [`${name}.lora_up.weight`]: matrix(32, 2),
          [`${name}.alpha`]: alpha,
        }
        assert.isBelow(furthest(yield* predict(given, [pair(32, 32), 3]), yield* predict(given, [lora, 1])), 2e-6)
      }),
    ),
  )

  it.effect("say what of them is not used, or not known", () =>
    Effect.gen(function* () {
      const notices = Effect.fnUntraced(function* (tensors: Record<string, AnyTensor>, config?: Lora["config"]) {
        const weights = yield* loraFile(tensors)
        yield* withLoras((yield* loadCase("v1-rope")).weights, [{ weights, weight: 1, config }])
        return loraNotices({ weights, weight: 1, config })
      })
      assert.deepStrictEqual(yield* notices(pair(32, 32)), [])
      const both = { ...pair(32, 32), ...pair(8, 8, "encoder.q", "text_encoder."), ...pair(8, 8, "x", "lora_te1_") }
      assert.match((yield* notices(both)).join(), /also changes the text encoder \(4 tensors\), which is not done\.$/)
      const peft = pair(32, 32, layerName, "base_model.model.")
      assert.match(
        (yield* notices(peft)).join(),
        /has no adapter_config\.json beside it: its alpha is taken to be its rank/,
      )
      assert.deepStrictEqual(yield* notices(peft, { lora_alpha: 4 }), [])
    }),
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
})
