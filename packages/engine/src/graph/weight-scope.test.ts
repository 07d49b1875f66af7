import { type StoredTensor, type Weights } from "@auteur/core"
import { assert, it } from "@effect/vitest"
import { Graph } from "./graph.ts"
import { WeightScope } from "./weight-scope.ts"

const stored = (dtype: string, shape: ReadonlyArray<number>): StoredTensor => ({
  dtype,
  shape,
  file: "model.safetensors",
  offset: 0,
  byteLength: 0,
})
const weights: Weights = {
  source: "model.safetensors",
  tensors: new Map([
    ["block.to_q.weight", stored("float16", [2, 3])],
    ["block.to_k.weight", stored("float32", [2, 3])],
    ["block.table", stored("int64", [2])],
  ]),
}
const scope = () => new WeightScope(new Graph("test"), weights).scope("block")

it("widens 16-bit tensors and takes float32 as it is", () => {
  const block = scope()
  assert.strictEqual(block.tensor("to_q.weight", [2, 3]).type, "float32")
  assert.strictEqual(block.scope("to_k").tensor("weight", [2, 3]).name, "block.to_k.weight")
})

it("tells whether a tensor is there", () => {
  assert.isTrue(scope().has("to_q.weight"))
  assert.isFalse(scope().has("to_v.weight"))
})

it("keeps a table in the type that it is stored in", () => {
  assert.strictEqual(scope().stored("to_q.weight", [2, 3]).type, "float16")
})

it("names a tensor that is missing", () => {
  assert.throws(
    () => scope().tensor("norm.bias", [7]),
    'The tensor "block.norm.bias" of shape [7] is missing from model.safetensors: download the file again, or check that it belongs to its config.json.',
  )
})

it("names a tensor of another shape, with both shapes", () => {
  assert.throws(
    () => scope().tensor("to_q.weight", [3, 2]),
    'The tensor "block.to_q.weight" in model.safetensors has the shape [2, 3], but its config.json asks for [3, 2]: the weights and the config do not belong together.',
  )
})

it("names a tensor of a type that cannot be run", () => {
  assert.throws(
    () => scope().tensor("table", [2]),
    'The tensor "block.table" in model.safetensors is stored as int64; weights in float16, bfloat16, float32 or float64 can be run: convert the checkpoint to one of them.',
  )
})
