import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { keepRecent } from "./keep-recent.ts"

/** Keeps two values; notes what is opened and closed. */
const kept = Effect.gen(function* () {
  const log: Array<string> = []
  const get = yield* keepRecent<string, string>(2)
  const open = (key: string): Effect.Effect<string, never, Scope.Scope> =>
    Effect.acquireRelease(
      Effect.sync(() => (log.push(`+${key}`), key)),
      () => Effect.sync(() => void log.push(`-${key}`)),
    )
  const use = (key: string) => Effect.scoped(get(key, open(key)))
  const hold = (key: string) =>
    Effect.scoped(Effect.andThen(get(key, open(key)), Effect.never)).pipe(Effect.forkChild({ startImmediately: true }))
  return { log, get, use, hold }
})

it.effect("makes a value once, and closes the one used longest ago", () =>
  Effect.gen(function* () {
    const { log, use } = yield* kept
    for (const key of ["a", "b", "a", "c", "a", "b"]) assert.strictEqual(yield* use(key), key)
    assert.deepStrictEqual(log, ["+a", "+b", "+c", "-b", "+b", "-c"])
  }).pipe(Effect.scoped),
)

it.effect("closes no value that is held, and closes it afterwards", () =>
  Effect.gen(function* () {
    const { log, use, hold } = yield* kept
    const [a, b] = [yield* hold("a"), yield* hold("b")]
    yield* use("c")
    assert.deepStrictEqual(log, ["+a", "+b", "+c", "-c"])
    yield* hold("d")
    yield* Fiber.interrupt(b)
    assert.deepStrictEqual(log.slice(4), ["+d", "-b"])
    yield* Fiber.interrupt(a)
    assert.deepStrictEqual(log.slice(6), [])
  }).pipe(Effect.scoped),
)

it.effect("keeps nothing of what could not be made, and closes all at its own end", () =>
  Effect.gen(function* () {
    const log = yield* Effect.scoped(
      Effect.gen(function* () {
        const { log, get, use } = yield* kept
        const failing = Effect.andThen(
          Effect.addFinalizer(() => Effect.sync(() => void log.push("-half"))),
          Effect.fail("broken"),
        )
        assert.strictEqual(yield* Effect.flip(Effect.scoped(get("a", failing))), "broken")
        yield* use("a")
        return log
      }),
    )
    assert.deepStrictEqual(log, ["-half", "+a", "-a"])
  }),
)
