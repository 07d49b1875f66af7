import { Tensor, toFloat16 } from "@auteur/core"
import * as Effect from "effect/Effect"
import { Engine, linear, type Program } from "../src/index.ts"
import { layer } from "../src/node.ts"
import { checkpoint } from "./checkpoint.ts"
import { host } from "./evaluate.ts"

// Makes sessions of many shapes, each with its own float32 copy of the weights, and prints what the process holds before and after.
const width = 256
const layers = 48
const tensors = Object.fromEntries(
  Array.from({ length: layers }, (_, i) => {
    const numbers = Float32Array.from({ length: width * width }, (_, j) => Math.sin(i + j) / width)
    return [`${i}.weight`, Tensor.from("out in", [width, width], toFloat16(numbers), "float16")] as const
  }),
)
const program = (rows: number): Program => ({
  key: `rows ${rows}`,
  build: (graph, weights) => {
    let x = graph.input("x", [rows, width])
    for (let i = 0; i < layers; i++) x = linear(x, weights.scope(String(i)), width, { bias: false })
    graph.output("y", x)
  },
})

const residentBytes = () => process.memoryUsage.rss()

await Effect.gen(function* () {
  const engine = yield* Engine
  const model = yield* engine.open(yield* checkpoint(tensors))
  const run = (rows: number) =>
    model.run(program(rows), { x: host([rows, width], new Float32Array(rows * width).fill(1)) })
  const { y: expected } = yield* run(1)
  yield* engine.unload
  const before = residentBytes()
  for (let rows = 2; rows < 14; rows++) yield* run(rows)
  const full = residentBytes()
  yield* engine.unload
  const unloaded = residentBytes()
  const { y } = yield* run(1)
  process.stdout.write(JSON.stringify({ before, full, unloaded, same: y!.data[0] === expected!.data[0] }))
}).pipe(Effect.scoped, Effect.provide(layer({ threads: 1 })), Effect.runPromise)
