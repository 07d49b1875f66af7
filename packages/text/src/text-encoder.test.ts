import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { TextEncoder, type Weights } from "@auteur/core"
import { Engine } from "@auteur/engine"
import { layer as engineLayer } from "@auteur/engine/node"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { emojiWorld, model } from "../test/emoji-world.ts"
import { golden, largestDifference, readTensors } from "../test/encoder-golden.ts"
import { layer } from "./text-encoder.ts"
import { loadTokenizer } from "./tokenizer/tokenizer.ts"

const emojiWorldLayer = Layer.unwrap(Effect.map(emojiWorld, layer))

it.effect("gives transformers' embeddings of the bundled model's prompts", () =>
  Effect.gen(function* () {
    const prompts = yield* Effect.promise(
      async () => JSON.parse(await readFile(golden("emoji-world/prompts.json"), "utf8")) as ReadonlyArray<string>,
    )
    const expected = (yield* readTensors(golden("emoji-world/io.safetensors"))).get("out.embeddings")!.data
    const encoder = yield* TextEncoder
    const size = 24 * 128
    for (const [i, prompt] of prompts.entries()) {
      const { embeddings } = yield* encoder.encode(prompt)
      assert.deepStrictEqual(embeddings.shape, [1, 24, 128])
      const row = (expected as Float32Array).subarray(i * size, (i + 1) * size)
      assert.isAtMost(largestDifference(embeddings.values(), row), 2e-5, prompt)
    }
  }).pipe(Effect.provide(emojiWorldLayer), Effect.provide(engineLayer())),
)

it.effect("reports the end of a prompt that does not fit, and nothing for one that does", () =>
  Effect.gen(function* () {
    const encoder = yield* TextEncoder
    assert.strictEqual(encoder.maxSequenceLength, 24)
    assert.strictEqual((yield* encoder.encode("a fox runs")).truncated, undefined)
    const { truncated } = yield* encoder.encode(`${"dragon ".repeat(23)}and a penguin`)
    assert.match(truncated ?? "", /and a penguin$/)
  }).pipe(Effect.provide(emojiWorldLayer), Effect.provide(engineLayer())),
)

it.effect("runs a prompt once, and hands out embeddings that may be changed", () =>
  Effect.gen(function* () {
    let runs = 0
    const engine = yield* Engine
    const counting = Layer.succeed(Engine, {
      ...engine,
      open: (weights: Weights) =>
        Effect.map(engine.open(weights), (opened) => ({
          ...opened,
          run: (...given: Parameters<typeof opened.run>) => {
            runs++
            return opened.run(...given)
          },
        })),
    })
    yield* Effect.gen(function* () {
      const encoder = yield* TextEncoder
      const [first, second] = yield* Effect.all([encoder.encode(""), encoder.encode("")], { concurrency: 2 })
      const before = [...first.embeddings.values()]
      first.embeddings.values().fill(0)
      assert.deepStrictEqual([...second.embeddings.values()], before)
      assert.deepStrictEqual([...(yield* encoder.encode("")).embeddings.values()], before)
      assert.strictEqual(runs, 1)
      yield* encoder.encode("a cat")
      assert.strictEqual(runs, 2)
    }).pipe(Effect.provide(emojiWorldLayer), Effect.provide(counting))
  }).pipe(Effect.provide(engineLayer())),
)

it.effect("gives the cost of encoding a prompt", () =>
  Effect.gen(function* () {
    const cost = yield* (yield* TextEncoder).cost
    // The table is 992 × 128, each of the two blocks 4 · 128² + 3 · 128 · 256.
    assert.isAtLeast(cost.weightBytes, 4 * (992 * 128 + 2 * (4 * 128 ** 2 + 3 * 128 * 256)))
  }).pipe(Effect.provide(emojiWorldLayer), Effect.provide(engineLayer())),
)

it.effect("refuses half of a surrogate pair", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip((yield* TextEncoder).encode("fox \ud83e"))
    assert.strictEqual(error._tag, "ModelError")
    assert.include(error.message, "surrogate")
  }).pipe(Effect.provide(emojiWorldLayer), Effect.provide(engineLayer())),
)

it.effect("refuses weights that do not fit the config before any prompt", () =>
  Effect.gen(function* () {
    const options = yield* emojiWorld
    const error = yield* Effect.flip(
      Effect.scoped(Layer.build(layer({ ...options, config: { ...options.config, d_ff: 512 } }))),
    )
    assert.include(error.message, "encoder.block.0.layer.1.DenseReluDense.wi_0.weight")
  }).pipe(Effect.provide(engineLayer())),
)

it.effect.each([0, 1.5, 2049, 1e12, Number.NaN])(
  "refuses %d tokens before anything is made of so many",
  (maxSequenceLength) =>
    Effect.gen(function* () {
      const options = yield* emojiWorld
      const error = yield* Effect.flip(Effect.scoped(Layer.build(layer({ ...options, maxSequenceLength }))))
      assert.strictEqual(
        error.message,
        `A prompt cannot be cut or padded to ${maxSequenceLength} tokens: use a whole number from 1 to 2048.`,
      )
    }).pipe(Effect.provide(engineLayer())),
)

it.effect("refuses ids of a tokenizer with more tokens than the encoder has", () =>
  Effect.gen(function* () {
    const options = yield* emojiWorld
    // Without tokenizer_config.json the 100 extra ids of T5 lie beyond the vocabulary.
    const spiece = yield* Effect.promise(() => readFile(join(model, "tokenizer/spiece.model")))
    const tokenizer = loadTokenizer({ "spiece.model": spiece })
    yield* Effect.gen(function* () {
      const encoder = yield* TextEncoder
      assert.include((yield* Effect.flip(encoder.encode("a <extra_id_0> runs"))).message, "vocab_size")
      yield* encoder.encode("a fox runs")
    }).pipe(Effect.provide(layer({ ...options, tokenizer })))
  }).pipe(Effect.provide(engineLayer())),
)
