import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import type { EngineError, RequestError } from "@auteur/core"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { host } from "../../test/evaluate.ts"
import { affine, affineWeights } from "../../test/programs.ts"
import { recordingEngine } from "../../test/recording-runtime.ts"
import { Engine } from "../index.ts"
import { layer } from "../node.ts"
import { MemoryReservations } from "./memory-reservations.ts"

const rows = (count: number) => host([count, 3], new Float32Array(3 * count))

describe("unload", () => {
  it.effect("gives every idle session back, and the next run makes its own again", () => {
    const { layer, recording } = recordingEngine()
    return Effect.gen(function* () {
      const engine = yield* Engine
      const model = yield* engine.open(yield* affineWeights)
      for (const count of [1, 2]) yield* model.run(affine(count), { x: rows(count) })
      yield* engine.unload
      assert.deepStrictEqual(recording.released, [1, 2])
      const { y } = yield* model.run(affine(2), { x: rows(2) })
      assert.deepStrictEqual([...y!.data], [10, 20, 10, 20])
      assert.strictEqual(recording.created.length, 3)
    }).pipe(Effect.provide(layer))
  })

  it.effect("leaves a session alone that runs", () => {
    const { layer, recording } = recordingEngine()
    return Effect.gen(function* () {
      const engine = yield* Engine
      const model = yield* engine.open(yield* affineWeights)
      const run = yield* Effect.forkChild(model.run(affine(), { x: rows(1) }), { startImmediately: true })
      yield* engine.unload
      yield* Fiber.join(run)
      assert.deepStrictEqual(recording.released, [])
    }).pipe(Effect.provide(layer))
  })

  it.effect("does nothing where nothing has run yet", () =>
    Effect.gen(function* () {
      yield* (yield* Engine).unload
    }).pipe(Effect.provide(layer())),
  )

  it("returns the memory of many sessions to the system", async () => {
    const program = fileURLToPath(new URL("../../test/many-sessions.ts", import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [program])
    const { before, full, unloaded, same } = JSON.parse(stdout) as Record<"before" | "full" | "unloaded", number> & {
      readonly same: boolean
    }
    assert.isAbove(full - before, 100e6)
    assert.isBelow(unloaded - before, (full - before) / 4)
    assert.isTrue(same)
  })
})

describe("models of the same weights", () => {
  it.effect("share their sessions until the last of them is closed", () => {
    const { layer, recording } = recordingEngine()
    return Effect.gen(function* () {
      const engine = yield* Engine
      const weights = yield* affineWeights
      const model = yield* engine.open(weights)
      yield* model.run(affine(), { x: rows(1) })
      yield* Effect.scoped(
        Effect.gen(function* () {
          const other = yield* engine.open(weights)
          yield* other.run(affine(), { x: rows(1) })
        }),
      )
      yield* model.run(affine(), { x: rows(1) })
      assert.strictEqual(recording.created.length, 1)
      assert.deepStrictEqual(recording.released, [])
    }).pipe(Effect.provide(layer))
  })
})

describe("an option that cannot be used is refused when the engine is opened", () => {
  for (const [options, message] of [
    [{ threads: -1 }, /^The number of threads must be a whole number from 1 to 1024, not -1: leave it out/],
    [{ threads: 1.5 }, /not 1.5/],
    [{ memoryLimit: 0 }, /^The memory limit must be a number of bytes above 0, not 0: leave it out/],
    [{ memoryLimit: Number.NaN }, /not NaN/],
  ] as const) {
    it.effect(JSON.stringify(options), () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(Effect.provide(Engine, layer(options)))
        assert.strictEqual(error._tag, "RequestError")
        assert.match(error.message, message)
      }),
    )
  }
})

describe("reserved memory", () => {
  const setUp = (available: number) => {
    const reservations = new MemoryReservations()
    const order: Array<string> = []
    const machine = { available }
    /** Reserves bytes and works until it is told to end. */
    const work = Effect.fnUntraced(function* (name: string, bytes: number) {
      const end = yield* Deferred.make<void>()
      const fiber = yield* reservations
        .reserve(bytes, () => machine.available)
        .pipe(
          Effect.andThen(Effect.sync(() => order.push(name))),
          Effect.andThen(Deferred.await(end)),
          Effect.scoped,
          Effect.forkChild({ startImmediately: true }),
        )
      return { fiber, end: Effect.andThen(Deferred.succeed(end, undefined), Fiber.await(fiber)) }
    })
    return { order, machine, work }
  }

  it.effect("is not given out twice: what does not fit beside the others waits for them", () =>
    Effect.gen(function* () {
      const { order, work } = setUp(23)
      const first = yield* work("first", 12.6)
      yield* work("second", 12.6)
      assert.deepStrictEqual(order, ["first"])
      yield* first.end
      yield* Effect.yieldNow
      assert.deepStrictEqual(order, ["first", "second"])
    }),
  )

  it.effect("is given out in the order of the requests", () =>
    Effect.gen(function* () {
      const { order, work } = setUp(10)
      const a = yield* work("a", 6)
      const b = yield* work("b", 8)
      const c = yield* work("c", 2)
      assert.deepStrictEqual(order, ["a"])
      yield* a.end
      yield* Effect.yieldNow
      assert.deepStrictEqual(order, ["a", "b", "c"])
      yield* b.end
      yield* c.end
    }),
  )

  it.effect("counts what work has not taken yet, and what others have taken since", () =>
    Effect.gen(function* () {
      const { order, machine, work } = setUp(10)
      const a = yield* work("a", 6)
      machine.available = 4 // it has taken all of it
      const b = yield* work("b", 4)
      assert.deepStrictEqual(order, ["a", "b"])
      yield* b.end
      machine.available = 3 // another program has taken the rest
      const c = yield* work("c", 4)
      assert.deepStrictEqual(order, ["a", "b"])
      machine.available = 9
      yield* a.end
      yield* Effect.yieldNow
      assert.deepStrictEqual(order, ["a", "b", "c"])
      yield* c.end
    }),
  )

  it.effect("is refused at once where waiting would not help", () =>
    Effect.gen(function* () {
      const reservations = new MemoryReservations()
      const tooMuch: Effect.Effect<void, EngineError | RequestError, Scope.Scope> = reservations.reserve(
        12.6e9,
        () => 10e9,
      )
      const { message } = yield* Effect.flip(Effect.scoped(tooMuch))
      assert.match(message, /^The work needs about 12\.6 GB of memory, but 10\.0 GB are free/)
    }),
  )

  it.effect("is free again when its work is interrupted, also while it waits", () =>
    Effect.gen(function* () {
      const { order, work } = setUp(10)
      const a = yield* work("a", 8)
      const b = yield* work("b", 8)
      const c = yield* work("c", 8)
      yield* Fiber.interrupt(b.fiber)
      yield* Fiber.interrupt(a.fiber)
      yield* Effect.yieldNow
      assert.deepStrictEqual(order, ["a", "c"])
      yield* c.end
    }),
  )
})
