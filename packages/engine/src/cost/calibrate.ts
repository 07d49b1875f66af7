import { type EngineError, type ModelError, smallCore, type Speed } from "@auteur/core"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { Engine, type HostTensor, type Model } from "../engine.ts"
import type { Graph } from "../graph/graph.ts"
import { attention, convolution } from "../graph/layers.ts"
import type { Shape, Value } from "../graph/value.ts"

/** Runs of each small graph; the fastest counts, as other programs share the machine. */
const runs = 15

const small = [1, 16]
const chainLength = 300
/** 4 MB: more than a core's own cache. */
const wide = [256, 4096]
const wideLength = 8
const [rows, features, layers] = [384, 1024, 4]
/** Of few channels, for which a convolution is gathering more than it is a matrix product. */
const pictures = [1, 16, 6, 48, 48]
const kernel = [16, 16, 3, 3, 3]
const [tokens, heads, headWidth] = [768, 8, 64]

/** Widening and packing weights takes as long as moving them so often: measured on 16-bit weights of 0.5 and 0.7 GB. */
const passesToLoad = 25

/**
 * Measures how fast this engine runs on this machine, by small graphs of each kind of work: operators too small to count, operators
 * that only move numbers, matrix products, a convolution and attention. Takes under a second on an idle machine.
 */
export const calibrate: Effect.Effect<Speed, EngineError | ModelError, Engine> = Effect.scoped(
  Effect.gen(function* () {
    const model = yield* (yield* Engine).open({ source: "the calibration", tensors: new Map() })
    // The first session also waits for the engine to start.
    yield* measure(model, "start", { x: small }, ({ x }) => x!.map("Tanh"))

    const chain = yield* measure(model, "chain", { x: small }, ({ x }) =>
      repeat(chainLength, x!, (y, i) => y.map(i % 2 === 0 ? "Sin" : "Cos")),
    )
    const secondsPerOperator = chain.run / chainLength
    const secondsPerBuiltOperator = chain.make / chainLength

    const move = yield* measure(model, "move", { x: wide, y: wide }, ({ x, y }) =>
      repeat(wideLength, x!, (z, i) => (i % 2 === 0 ? z.multiply(y!) : z.add(y!))).slice(0, 0, 1),
    )
    const bytesPerSecond = (wideLength * 3 * 4 * product(wide)) / rest(move.run, wideLength * secondsPerOperator)

    const numbers = Float32Array.from({ length: features * features }, (_, i) => ((i * 7) % 31) / 512)
    const matrices = yield* measure(model, "matrices", { x: [rows, features] }, ({ x }, graph) =>
      repeat(layers, x!, (y) => y.matmul(graph.constant(numbers, [features, features]))).slice(0, 0, 1),
    )
    const matrixBytes = layers * 4 * (2 * rows * features + features * features)
    const flopsPerSecond = (layers * 2 * rows * features * features) / rest(matrices.run, matrixBytes / bytesPerSecond)

    const gather = yield* measure(model, "gather", { x: pictures }, ({ x }, graph) => {
      const w = graph.constant(numbers.slice(0, product(kernel)), kernel)
      return convolution(x!, w, undefined, { pads: [1, 1, 1, 1, 1, 1] }).slice(1, 0, 1)
    })
    const reads = product(pictures) * 27
    const columnBytesPerSecond = (4 * reads) / rest(gather.run, (2 * reads * kernel[0]!) / flopsPerSecond)

    const attend = yield* measure(model, "attend", { x: [1, tokens, heads * headWidth] }, ({ x }) =>
      attention(x!, x!, x!, heads).slice(1, 0, 1),
    )
    const attentionFlopsPerSecond = (4 * tokens * tokens * heads * headWidth) / attend.run
    return {
      flopsPerSecond,
      attentionFlopsPerSecond,
      columnBytesPerSecond,
      bytesPerSecond,
      secondsPerOperator,
      loadBytesPerSecond: bytesPerSecond / passesToLoad,
      secondsPerBuiltOperator,
      startSeconds: smallCore.startSeconds,
    }
  }),
)

const repeat = (count: number, x: Value, next: (x: Value, i: number) => Value): Value => {
  let y = x
  for (let i = 0; i < count; i++) y = next(y, i)
  return y
}

/** A measurement less its known share; at least a tenth of it. */
const rest = (seconds: number, known: number): number => Math.max(seconds - known, seconds / 10)

/** Seconds to make the session of a small graph, and to run it. */
const measure = Effect.fnUntraced(function* (
  model: Model,
  key: string,
  shapes: Readonly<Record<string, Shape>>,
  build: (inputs: Readonly<Record<string, Value>>, graph: Graph) => Value,
) {
  const program = {
    key: `calibrate ${key}`,
    build: (graph: Graph) => {
      const inputs = Object.entries(shapes).map(([name, shape]) => [name, graph.input(name, shape)] as const)
      graph.output("result", build(Object.fromEntries(inputs), graph))
    },
  }
  const times: Array<number> = []
  for (let i = 0; i <= runs; i++) {
    const inputs: Record<string, HostTensor> = {}
    for (const [name, shape] of Object.entries(shapes)) {
      inputs[name] = { shape, data: new Float32Array(product(shape)).fill(0.5) }
    }
    const start = yield* Clock.currentTimeNanos
    yield* model.run(program, inputs)
    times.push(Number((yield* Clock.currentTimeNanos) - start) / 1e9)
  }
  const run = Math.min(...times.slice(1))
  return { make: rest(times[0]!, run), run }
})

const product = (shape: Shape): number => shape.reduce((size, length) => size * length, 1)
