import { fromBfloat16, fromFloat16, ModelError, Tensor, toBfloat16, toFloat16, type Weights } from "@auteur/core"
import { checkWeights, Engine, Graph, WeightScope } from "@auteur/engine"
import { layer, openWeights } from "@auteur/engine/node"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { checkpoint, golden, largestDifference, readConfig, readTensors } from "../../test/encoder-golden.ts"
import { t5XxlShapes } from "../../test/t5-xxl.ts"
import { type T5Config, parseT5Config } from "./config.ts"
import { t5EncoderProgram } from "./encoder.ts"

const encodeGolden = (name: string, config: T5Config, weights: Weights, masked: boolean) =>
  Effect.gen(function* () {
    const io = yield* readTensors(golden(`${name}/io.safetensors`))
    const ids = io.get("in.input_ids")!
    const mask = io.get("in.attention_mask")!
    const [batch, tokens] = ids.shape as [number, number]
    const model = yield* (yield* Engine).open(weights)
    const result = yield* model.run(t5EncoderProgram(config, { batch, tokens, masked }), {
      input_ids: { data: ids.data as BigInt64Array, shape: ids.shape },
      ...(masked ? { attention_mask: { data: mask.data as BigInt64Array, shape: mask.shape } } : {}),
    })
    const found = result["last_hidden_state"]!
    assert.deepStrictEqual(found.shape, [batch, tokens, config.d_model])
    return {
      found: found.data as Float32Array,
      expected: io.get(masked ? "out.masked" : "out.no_mask")!.data as Float32Array,
    }
  })

describe.each(["t5", "umt5", "t5-relu"])("%s", (name) => {
  it.effect.each([false, true])("gives the reference's hidden states, with a mask: %s", (masked) =>
    Effect.gen(function* () {
      const weights = yield* openWeights(golden(`${name}/model.safetensors`))
      const { found, expected } = yield* encodeGolden(name, yield* readConfig(golden(name)), weights, masked)
      assert.isAtMost(largestDifference(found, expected), 2e-5)
    }).pipe(Effect.provide(layer())),
  )

  it.effect.each([
    ["float16", "fold", 0.05],
    ["float16", "map", 0.05],
    ["bfloat16", "fold", 0.4],
    ["bfloat16", "map", 0.4],
  ] as const)("computes in float32 on weights stored in %s, memory %s", ([dtype, memory, bound]) =>
    Effect.gen(function* () {
      const [narrow, widen] = dtype === "float16" ? [toFloat16, fromFloat16] : [toBfloat16, fromBfloat16]
      const stored: Record<string, Tensor<string, typeof dtype>> = {}
      const widened: Record<string, Tensor<string>> = {}
      for (const [key, tensor] of yield* readTensors(golden(`${name}/model.safetensors`))) {
        const layout = tensor.shape.map((_, axis) => `axis${axis}`).join(" ")
        const bits = narrow(tensor.data as Float32Array)
        stored[key] = Tensor.from(layout, tensor.shape as never, bits as never, dtype)
        widened[key] = Tensor.from(layout, tensor.shape as never, widen(bits))
      }
      const config = yield* readConfig(golden(name))
      const { found, expected } = yield* encodeGolden(name, config, yield* checkpoint(stored), true)
      const exact = yield* encodeGolden(name, config, yield* checkpoint(widened), true)
      assert.isAtMost(largestDifference(found, exact.found), 2e-5)
      assert.isAtMost(largestDifference(found, expected), bound)
      assert.isAbove(largestDifference(found, expected), 1e-4)
    }).pipe(Effect.provide(layer({ memory }))),
  )
})

const stored = (shapes: Readonly<Record<string, ReadonlyArray<number>>>, dtype: string): Weights => ({
  source: "text_encoder/model.safetensors",
  tensors: new Map(
    Object.entries(shapes).map(([key, shape]) => [key, { dtype, shape, file: "", offset: 0, byteLength: 0 }]),
  ),
})

const build = (config: T5Config, weights: Weights): Graph => {
  const program = t5EncoderProgram(config, { batch: 1, tokens: 4, masked: false })
  const graph = new Graph(program.key)
  program.build(graph, new WeightScope(graph, weights))
  return graph
}

const xxl = parseT5Config({
  model_type: "t5",
  d_model: 4096,
  d_kv: 64,
  d_ff: 10_240,
  num_layers: 24,
  num_heads: 64,
  vocab_size: 32_128,
  feed_forward_proj: "gated-gelu",
})

describe("T5-XXL", () => {
  it.effect("reads every tensor of the checkpoint once, the tied table under one of its names", () =>
    Effect.gen(function* () {
      const { weights } = build(yield* xxl, stored(t5XxlShapes("t5"), "float16"))
      const { "encoder.embed_tokens.weight": _, ...expected } = t5XxlShapes("t5")
      const used = Object.fromEntries([...weights].map(([key, use]) => [key, use.value.shape]))
      assert.deepStrictEqual(used, expected)
      const parameters = [...weights.values()].reduce((sum, use) => sum + use.value.size, 0)
      assert.strictEqual(parameters, 4_762_310_656)
    }),
  )

  it.effect("reads one table of relative positions for each layer of UMT5-XXL", () =>
    Effect.gen(function* () {
      const config: T5Config = { ...(yield* xxl), model_type: "umt5", vocab_size: 256_384 }
      const { weights } = build(config, stored(t5XxlShapes("umt5"), "bfloat16"))
      const parameters = [...weights.values()].reduce((sum, use) => sum + use.value.size, 0)
      assert.strictEqual(parameters, 5_680_910_336)
    }),
  )

  it.effect("never holds the token table in float32, and each other matrix only within its own block", () =>
    Effect.gen(function* () {
      const { nodes } = build(yield* xxl, stored(t5XxlShapes("t5"), "float16"))
      for (const node of nodes.filter(({ operator }) => operator === "Cast")) {
        const [weight] = node.inputs
        const block = /^encoder\.block\.\d+/.exec(weight!.name)?.[0]
        if (weight!.size > 1e6) assert.strictEqual(node.block, block, weight!.name)
      }
      assert.include(
        nodes.filter(({ operator }) => operator === "Gather").map(({ inputs }) => inputs[0]!.name),
        "shared.weight",
      )
    }),
  )
})

describe("weights that do not fit", () => {
  const q = "encoder.block.3.layer.0.SelfAttention.q.weight"
  const table = "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
  const renamed = "encoder.block.0.layer.0.SelfAttention.position_bias.weight"

  it.effect.each(["shared.weight", "encoder.embed_tokens.weight"])("takes the token table from %s alone", (kept) =>
    Effect.gen(function* () {
      const shapes = Object.entries(t5XxlShapes("t5")).filter(
        ([key]) => key === kept || !/^shared|embed_tokens/.test(key),
      )
      assert.isTrue(build(yield* xxl, stored(Object.fromEntries(shapes), "float32")).weights.has(kept))
    }),
  )

  it.effect.each([
    ["missing", { [q]: undefined }, [q, "missing"]],
    ["renamed", { [table]: undefined, [renamed]: [32, 64] }, [table, renamed]],
    ["of another shape", { [q]: [4096, 2048] }, [q, "[4096, 2048]", "[4096, 4096]"]],
    ["no token table", { "shared.weight": undefined, "encoder.embed_tokens.weight": undefined }, ["shared.weight"]],
    ["a UMT5 config on T5 weights", {}, ["encoder.block.1.layer.0.SelfAttention.relative_attention_bias.weight"]],
  ] as const)("names the tensor: %s", ([name, changes, words]) =>
    Effect.gen(function* () {
      const shapes: Record<string, ReadonlyArray<number>> = { ...t5XxlShapes("t5") }
      for (const [key, shape] of Object.entries(changes)) {
        if (shape === undefined) delete shapes[key]
        else shapes[key] = shape
      }
      const config: T5Config = { ...(yield* xxl), ...(name.includes("UMT5") ? { model_type: "umt5" } : {}) }
      const program = t5EncoderProgram(config, { batch: 1, tokens: 2, masked: false })
      const error = yield* Effect.flip(
        checkWeights("text encoder", [program], stored(shapes, "float16"), { allowOthers: true }),
      )
      assert.instanceOf(error, ModelError)
      for (const word of [...words, "text_encoder/model.safetensors"]) assert.include(error.message, word)
    }),
  )
})
