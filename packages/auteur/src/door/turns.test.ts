import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Turns } from "./turns.ts"

/** Takes an amount for a while, and notes when it came in. */
const takes = (turns: Turns, log: Array<string>, name: string, amount: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      yield* turns.take(amount, () => 10)
      log.push(name)
      yield* Effect.never
    }),
  ).pipe(Effect.forkChild({ startImmediately: true }))

it.effect("lets in who fits, and nobody before who came first", () =>
  Effect.gen(function* () {
    const turns = new Turns()
    const log: Array<string> = []
    const six = yield* takes(turns, log, "six", 6)
    const five = yield* takes(turns, log, "five", 5)
    const one = yield* takes(turns, log, "one", 1)
    assert.deepStrictEqual(log, ["six"])
    yield* Fiber.interrupt(six)
    assert.deepStrictEqual(log, ["six", "five", "one"])
    yield* Fiber.interruptAll([five, one])
  }),
)

it.effect("gives up the place of who is interrupted while it waits", () =>
  Effect.gen(function* () {
    const turns = new Turns()
    const log: Array<string> = []
    const eight = yield* takes(turns, log, "eight", 8)
    const waiting = yield* takes(turns, log, "waiting", 5)
    const two = yield* takes(turns, log, "two", 2)
    yield* Fiber.interrupt(waiting)
    assert.deepStrictEqual(log, ["eight", "two"])
    yield* Fiber.interruptAll([eight, two])
    yield* takes(turns, log, "ten", 10)
    assert.deepStrictEqual(log, ["eight", "two", "ten"])
  }),
)

it.effect("lets in what needs more than there is when it is alone", () =>
  Effect.gen(function* () {
    const turns = new Turns()
    const log: Array<string> = []
    const one = yield* takes(turns, log, "one", 1)
    yield* takes(turns, log, "twenty", 20)
    assert.deepStrictEqual(log, ["one"])
    yield* Fiber.interrupt(one)
    assert.deepStrictEqual(log, ["one", "twenty"])
  }),
)
