import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { host, noWeights } from "../../test/evaluate.ts"
import { affine, affineWeights, slow, twiceAndSquare } from "../../test/programs.ts"
import { recordingEngine } from "../../test/recording-runtime.ts"
import { Engine, type Graph } from "../index.ts"
import { layer } from "../node.ts"
import { startThread } from "../node/thread.ts"

const x = host([1, 3], Float32Array.of(1, 1, 1))
const pair = host([2], Float32Array.of(3, 4))

it.effect("runs a program on the weights of a file and leaves its inputs to the caller", () =>
  Effect.gen(function* () {
    const model = yield* (yield* Engine).open(yield* affineWeights)
    const rows = host([2, 3], Float32Array.of(1, 0, 0, 1, 1, 1))
    const { y } = yield* model.run(affine(2), { x: rows })
    assert.deepStrictEqual(y, host([2, 2], Float32Array.of(11, 24, 16, 35)))
    assert.deepStrictEqual([...rows.data], [1, 0, 0, 1, 1, 1])
  }).pipe(Effect.provide(layer())),
)

it.effect("makes one session for runs of one program, also when they start together", () => {
  const { layer, recording } = recordingEngine()
  return Effect.gen(function* () {
    const model = yield* (yield* Engine).open(yield* affineWeights)
    const results = yield* Effect.all(
      [1, 2, 3].map(() => model.run(affine(), { x })),
      { concurrency: "unbounded" },
    )
    yield* model.run(affine(), { x })
    for (const { y } of results) assert.deepStrictEqual([...y!.data], [16, 35])
    assert.strictEqual(recording.created.length, 1)
  }).pipe(Effect.provide(layer))
})

it.effect("makes sessions of their own for another program, rank, number of threads or model", () => {
  const { layer, recording } = recordingEngine()
  return Effect.gen(function* () {
    const engine = yield* Engine
    const model = yield* engine.open(yield* affineWeights)
    yield* model.run(affine(1), { x })
    yield* model.run(affine(2), { x: host([2, 3], new Float32Array(6)) })
    yield* model.run(affine(1), { x }, { rank: 1 })
    yield* model.run(affine(1), { x }, { threads: 1 })
    const other = yield* engine.open(yield* affineWeights)
    yield* other.run(affine(1), { x })
    assert.strictEqual(recording.created.length, 5)
    assert.deepStrictEqual(recording.started, [0, 1])
  }).pipe(Effect.provide(layer))
})

it.effect("gives a model's sessions and kept tensors back when its scope closes", () => {
  const { layer, recording } = recordingEngine()
  return Effect.gen(function* () {
    const engine = yield* Engine
    const model = yield* Effect.scoped(
      Effect.gen(function* () {
        const model = yield* engine.open(noWeights)
        yield* model.runAndKeep(twiceAndSquare, { x: pair }, { keep: ["twice"] })
        assert.strictEqual(recording.released.length, 0)
        return model
      }),
    )
    assert.strictEqual(recording.released.length, 1)
    assert.strictEqual(recording.freed.length, 1)
    const error = yield* Effect.flip(model.run(twiceAndSquare, { x: pair }))
    assert.strictEqual(error.message, 'The engine could not run "twice and square": its model was closed.')
  }).pipe(Effect.provide(layer))
})

it.effect("gives back the session used longest ago when memory is short", () => {
  // Weights, input and result, the least that an arena hands out, and one operator.
  const bytes = (rows: number) => 4 * 8 + 4 * 5 * rows + 256 + 8192
  const { layer, recording } = recordingEngine({ memoryLimit: bytes(1) + bytes(3) })
  return Effect.gen(function* () {
    const model = yield* (yield* Engine).open(yield* affineWeights)
    const run = (rows: number) => model.run(affine(rows), { x: host([rows, 3], new Float32Array(3 * rows)) })
    yield* run(1)
    yield* run(2)
    yield* run(1)
    assert.deepStrictEqual(recording.released, [])
    yield* run(3) // the room for it was taken by 2 rows
    assert.deepStrictEqual(recording.released, [2])
    yield* run(1)
    assert.strictEqual(recording.created.length, 3)
    yield* run(2)
    assert.strictEqual(recording.created.length, 4)
  }).pipe(Effect.provide(layer))
})

it.live("leaves the calling thread free during a run", () =>
  Effect.gen(function* () {
    const model = yield* (yield* Engine).open(noWeights)
    const program = slow(6)
    const one = { x: host([1], Float32Array.of(1 / 2048)) }
    const began = performance.now()
    let ticks = 0
    const timer = setInterval(() => ticks++, 10)
    yield* model.run(program, one)
    clearInterval(timer)
    const possible = (performance.now() - began) / 10
    assert.isAbove(ticks, possible / 4)
  }).pipe(Effect.provide(layer())),
)

it.live("an interrupted run returns at once, while its worker finishes it, and later runs go on", () => {
  const { layer, recording } = recordingEngine()
  return Effect.gen(function* () {
    const model = yield* (yield* Engine).open(noWeights)
    const one = { x: host([1], Float32Array.of(1 / 2048)) }
    yield* model.run(twiceAndSquare, { x: pair })
    const abandoned = yield* Effect.forkChild(model.runAndKeep(slow(6), one, { keep: ["y"] }))
    yield* Effect.sleep(50)
    const waiting = yield* Effect.forkChild(model.runAndKeep(twiceAndSquare, { x: pair }, { keep: ["twice"] }))
    const later = yield* Effect.forkChild(model.run(twiceAndSquare, { x: pair }))
    yield* Effect.sleep(1)
    yield* Fiber.interrupt(abandoned)
    yield* Fiber.interrupt(waiting)
    yield* Effect.sleep(30)
    assert.isUndefined(later.pollUnsafe())
    const { square } = yield* Fiber.join(later)
    assert.deepStrictEqual([...square!.data], [9, 16])
    assert.strictEqual(recording.freed.length, 2)
  }).pipe(Effect.provide(layer))
})

it.effect("outputs that are kept stay on their worker and feed later runs, also of another rank", () => {
  const { layer, recording } = recordingEngine()
  return Effect.gen(function* () {
    const model = yield* (yield* Engine).open(noWeights)
    const { outputs, kept } = yield* model.runAndKeep(twiceAndSquare, { x: pair }, { keep: ["square"] })
    assert.deepStrictEqual(Object.keys(outputs), ["twice"])
    const square = kept["square"]!
    assert.deepStrictEqual(square.shape, [2])
    const here = yield* model.run(twiceAndSquare, { x: square })
    assert.deepStrictEqual([...here["twice"]!.data], [18, 32])
    const elsewhere = yield* model.run(twiceAndSquare, { x: square }, { rank: 1 })
    assert.deepStrictEqual([...elsewhere["twice"]!.data], [18, 32])
    const again = yield* model.run(twiceAndSquare, { x: square })
    assert.deepStrictEqual([...again["twice"]!.data], [18, 32])
    yield* model.free([square])
    assert.deepStrictEqual(recording.freed, [square.id])
    const error = yield* Effect.flip(model.run(twiceAndSquare, { x: square }))
    assert.include(error.message, `tensor ${square.id} is not on this worker`)
  }).pipe(Effect.provide(layer))
})

it.effect("takes and gives integers and booleans", () =>
  Effect.gen(function* () {
    const model = yield* (yield* Engine).open(noWeights)
    const program = {
      key: "types",
      build: (graph: Graph) => {
        graph.output("int64 out", graph.input("int64", [1], "int64").add(graph.integers([1])))
        graph.output("int32 out", graph.input("int32", [1], "int32").cast("int64").cast("int32"))
        graph.output("uint8 out", graph.input("uint8", [1], "uint8").cast("float32").add(1).cast("uint8"))
        graph.output("bool out", graph.input("bool", [2], "bool").cast("float32").cast("bool"))
      },
    }
    const result = yield* model.run(program, {
      int64: host([1], BigInt64Array.of(2n ** 40n)),
      int32: host([1], Int32Array.of(-7)),
      uint8: host([1], Uint8Array.of(254)),
      bool: host([2], Uint8Array.of(0, 1)),
    })
    assert.deepStrictEqual(result, {
      "int64 out": host([1], BigInt64Array.of(2n ** 40n + 1n)),
      "int32 out": host([1], Int32Array.of(-7)),
      "uint8 out": host([1], Uint8Array.of(255)),
      "bool out": host([2], Uint8Array.of(0, 1)),
    })
  }).pipe(Effect.provide(layer())),
)

it.effect("a worker that dies fails its runs with a clear error, and the next run starts another", () => {
  const file = new URL("../../test/crashing-worker.ts", import.meta.url)
  const { layer, recording } = recordingEngine({}, (onExit) => startThread(onExit, file))
  return Effect.gen(function* () {
    const model = yield* (yield* Engine).open(noWeights)
    const crash = { key: "crash", build: (graph: Graph) => graph.output("y", graph.input("crash", [1]).add(1)) }
    const { kept } = yield* model.runAndKeep(twiceAndSquare, { x: pair }, { keep: ["twice"] })
    const [first, second] = yield* Effect.all(
      [
        Effect.flip(model.run(crash, { crash: host([1], new Float32Array(1)) })),
        Effect.flip(model.run(crash, { crash: host([1], new Float32Array(1)) })),
      ],
      { concurrency: "unbounded" },
    )
    assert.strictEqual(first._tag, "EngineError")
    assert.strictEqual(
      first.message,
      'The engine could not run "crash": its worker thread ended by itself (code 3); run it again, a new one will be started.',
    )
    assert.strictEqual(second.message, first.message)
    const { square } = yield* model.run(twiceAndSquare, { x: pair })
    assert.deepStrictEqual([...square!.data], [9, 16])
    assert.deepStrictEqual(recording.started, [0, 0])
    const lost = yield* Effect.flip(model.run(twiceAndSquare, { x: kept["twice"]! }))
    assert.include(lost.message, "is not on this worker")
  }).pipe(Effect.provide(layer))
})

it.effect("a run that needs more memory than there is says so, and later runs go on", () =>
  Effect.gen(function* () {
    const model = yield* (yield* Engine).open(noWeights)
    const huge = {
      key: "huge",
      build: (graph: Graph) => {
        const x = graph.input("x", [1]).expand([100_000, 100_000, 100_000])
        graph.output("y", x.map("Tanh").slice(0, 0, 1).slice(1, 0, 1).slice(2, 0, 1))
      },
    }
    const error = yield* Effect.flip(model.run(huge, { x: host([1], new Float32Array(1)) }))
    assert.strictEqual(
      error.message,
      'There is not enough memory to run "huge": ask for fewer frames or a smaller size, or close other programs.',
    )
    const { square } = yield* model.run(twiceAndSquare, { x: pair })
    assert.deepStrictEqual([...square!.data], [9, 16])
  }).pipe(Effect.provide(layer())),
)

it.effect("a worker that cannot start says why", () => {
  const file = new URL("../../test/no-such-worker.ts", import.meta.url)
  const { layer } = recordingEngine({}, (onExit) => startThread(onExit, file))
  return Effect.gen(function* () {
    const model = yield* (yield* Engine).open(noWeights)
    const error = yield* Effect.flip(model.run(twiceAndSquare, { x: pair }))
    assert.include(error.message, "no-such-worker.ts")
  }).pipe(Effect.provide(layer))
})

it.effect("runs nothing after the engine was closed", () =>
  Effect.gen(function* () {
    const model = yield* Effect.provide(
      Effect.flatMap(Engine, (engine) => engine.open(noWeights)),
      layer(),
    )
    const error = yield* Effect.flip(model.run(twiceAndSquare, { x: pair }))
    assert.strictEqual(error.message, 'The engine could not run "twice and square": the engine was closed.')
  }),
)
