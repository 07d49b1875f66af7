import { Engine, type Graph } from "../src/index.ts"
import { layer } from "../src/node.ts"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

// Closes an engine in the middle of a forward: the process has to end by itself, with code 0.
const slow = {
  key: "slow",
  build: (graph: Graph) => {
    let x = graph.input("x", [1024, 1024])
    for (let i = 0; i < 12; i++) x = x.matmul(x).multiply(1e-3)
    graph.output("y", x)
  },
}
const program = Effect.gen(function* () {
  const model = yield* (yield* Engine).open({ source: "no file", tensors: new Map() })
  const inputs = { x: { data: new Float32Array(1024 * 1024).fill(0.001), shape: [1024, 1024] } }
  yield* model.run(slow, inputs)
  const fiber = yield* Effect.forkChild(model.run(slow, inputs))
  yield* Effect.sleep("50 millis")
  yield* Fiber.interrupt(fiber)
}).pipe(Effect.scoped, Effect.provide(layer()))

await Effect.runPromise(program)
process.stdout.write("closed\n")
