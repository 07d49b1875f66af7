// Runs a graph by the packages alone, `run-graph.ts worker` in a worker thread of its own, and stays alive as a server does.
import { once } from "node:events"
import { isMainThread, Worker } from "node:worker_threads"
import { Engine, type Graph } from "@auteur/engine"
import { layer } from "@auteur/engine/node"
import * as Effect from "effect/Effect"

/** ONNX Runtime's telemetry sends for the first time after nine seconds. */
const secondsAlive = 11

const double = {
  key: "double",
  build: (graph: Graph) => {
    const x = graph.input("x", [1])
    graph.output("y", x.add(x))
  },
}

if (isMainThread && process.argv[2] === "worker") {
  await once(new Worker(new URL(import.meta.url)), "exit")
} else {
  const { y } = await Effect.gen(function* () {
    const model = yield* (yield* Engine).open({ source: "the test", tensors: new Map() })
    return yield* model.run(double, { x: { shape: [1], data: Float32Array.of(21) } })
  }).pipe(Effect.scoped, Effect.provide(layer()), Effect.runPromise)
  console.log(y!.data[0])
  await new Promise((resolve) => setTimeout(resolve, secondsAlive * 1000))
}
