import { readFile } from "node:fs/promises"
import type { StoredTensor, Weights } from "@auteur/core"
import { Graph, WeightScope } from "@auteur/engine"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { checkTensors } from "./denoiser.ts"
import { parseTransformerConfig } from "./config.ts"
import { trainedSize } from "./grid.ts"
import { transformerProgram } from "./transformer.ts"

/** A full-size checkpoint's names and shapes; all blocks have the same. */
interface Shapes {
  readonly config: Record<string, unknown>
  readonly tensors: Record<string, ReadonlyArray<number>>
  readonly block: Record<string, ReadonlyArray<number>>
  readonly count: number
}

const load = Effect.fnUntraced(function* (name: string) {
  const url = new URL(`../test/golden/shapes/${name}.json`, import.meta.url)
  const shapes = JSON.parse(yield* Effect.promise(() => readFile(url, "utf8"))) as Shapes
  const config = yield* parseTransformerConfig(shapes.config, `${name}/config.json`)
  const all = new Map(Object.entries(shapes.tensors))
  for (let i = 0; i < config.num_layers; i++) {
    for (const [key, shape] of Object.entries(shapes.block)) all.set(`transformer_blocks.${i}.${key}`, shape)
  }
  assert.strictEqual(all.size, shapes.count)
  return { config, weights: toWeights(all) }
})

const toWeights = (shapes: ReadonlyMap<string, ReadonlyArray<number>>): Weights => ({
  source: "model.safetensors",
  tensors: new Map([...shapes].map(([key, shape]) => [key, stored(shape)])),
})

const stored = (shape: ReadonlyArray<number>): StoredTensor => ({
  dtype: "bfloat16",
  shape,
  file: "model.safetensors",
  offset: 0,
  byteLength: 2 * shape.reduce((product, length) => product * length, 1),
})

const messageWith = (change: (tensors: Map<string, StoredTensor>) => void) =>
  Effect.gen(function* () {
    const { config, weights } = yield* load("cogvideox-2b")
    const tensors = new Map(weights.tensors)
    change(tensors)
    return (yield* Effect.flip(checkTensors(config, { ...weights, tensors }))).message
  })

const key = "transformer_blocks.3.attn1.to_q.weight"

describe("checkTensors", () => {
  for (const name of ["cogvideox-2b", "cogvideox-5b", "cogvideox-5b-i2v", "cogvideox-1.5-5b", "cogvideox-1.5-5b-i2v"]) {
    it.effect(`accepts every tensor of ${name}, each read at one place`, () =>
      Effect.gen(function* () {
        const { config, weights } = yield* load(name)
        yield* checkTensors(config, weights)
        const trained = trainedSize(config)
        const frames = Math.ceil(trained.frames / (config.patch_size_t ?? 1)) * (config.patch_size_t ?? 1)
        const program = transformerProgram(config, { ...trained, frames, batch: 2 }, config.max_text_seq_length)
        const graph = new Graph(program.key)
        program.build(graph, new WeightScope(graph, weights))
        const reads = new Map<unknown, number>()
        for (const input of graph.nodes.flatMap((node) => node.inputs)) reads.set(input, (reads.get(input) ?? 0) + 1)
        assert.sameMembers([...graph.weights.keys()], [...weights.tensors.keys()])
        for (const { key, value } of graph.weights.values()) {
          assert.strictEqual(reads.get(value), 1, key)
          assert.deepStrictEqual(value.shape, weights.tensors.get(key)!.shape, key)
        }
      }),
    )
  }

  it.effect("names a missing tensor", () =>
    Effect.map(
      messageWith((tensors) => tensors.delete("proj_out.weight")),
      (message) => assert.match(message, /"proj_out\.weight" of shape \[64, 1920\] is missing from model\.safetensors/),
    ),
  )

  it.effect("names a renamed tensor and the name it was found under", () =>
    Effect.map(
      messageWith((tensors) => {
        tensors.set(key.replace("to_q", "query"), tensors.get(key)!)
        tensors.delete(key)
      }),
      (message) => {
        assert.include(message, `"${key}"`)
        assert.include(message, `"${key.replace("to_q", "query")}"`)
      },
    ),
  )

  it.effect("names a tensor of another shape with both shapes", () =>
    Effect.map(
      messageWith((tensors) => tensors.set(key, stored([1920, 1536]))),
      (message) => {
        assert.include(message, `"${key}"`)
        assert.match(message, /\[1920, 1536\].*\[1920, 1920\]/)
      },
    ),
  )

  it.effect("names a tensor that is not part of the model", () =>
    Effect.map(
      messageWith((tensors) => {
        tensors.set("ofs_embedding.linear_1.weight", stored([512, 512]))
        tensors.set("ofs_embedding.linear_1.bias", stored([512]))
      }),
      (message) =>
        assert.match(message, /"ofs_embedding\.linear_1\.weight" and 1 more in model\.safetensors is not part/),
    ),
  )

  it.effect("refuses more blocks than the config has layers", () =>
    Effect.map(
      messageWith((tensors) => tensors.set("transformer_blocks.30.ff.net.2.bias", stored([1920]))),
      (message) => assert.include(message, `"transformer_blocks.30.ff.net.2.bias"`),
    ),
  )
})
