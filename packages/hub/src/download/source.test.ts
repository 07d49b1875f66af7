import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { describe } from "vitest"
import { hubServer } from "../../test/temporary-cache.ts"
import { repositoryId, status } from "../../test/hub-server.ts"
import { HubError, TransferFault } from "../hub-error.ts"
import { request } from "./request.ts"
import { retrying, type Source } from "./source.ts"

const source: Source = {
  endpoint: "http://localhost",
  cache: "",
  offline: false,
  token: undefined,
  repository: { id: repositoryId, revision: "main" },
  retries: 3,
  firstDelay: 100,
  stall: 20_000,
  tokenFrom: "HF_TOKEN",
  fetch: globalThis.fetch,
  proxy: undefined,
  known: [],
  onNotice: () => {},
  state: { isReached: false, isTokenRefused: false },
}
const fault = (retryAfter?: number) =>
  new TransferFault({ reason: "unreachable", message: "busy", ...(retryAfter !== undefined && { retryAfter }) })

/** Runs what always fails so, and counts its tries. */
const failing = Effect.fnUntraced(function* (error: HubError | TransferFault) {
  let tries = 0
  const attempt = Effect.suspend(() => {
    tries++
    return Effect.fail(error)
  })
  const fiber = yield* Effect.forkChild(Effect.flip(retrying(source)(attempt)))
  return { fiber, tries: () => tries }
})

describe("retrying", () => {
  it.effect("waits longer each time and then gives up with the last error", () =>
    Effect.gen(function* () {
      const { fiber, tries } = yield* failing(fault())
      // The delays are 100, 200 and 400 ms, each up to a fifth shorter or longer.
      yield* TestClock.adjust("79 millis")
      assert.strictEqual(tries(), 1)
      yield* TestClock.adjust("41 millis")
      assert.strictEqual(tries(), 2)
      yield* TestClock.adjust("119 millis")
      assert.strictEqual(tries(), 2)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(tries(), 4)
      const error = yield* Fiber.join(fiber)
      assert.instanceOf(error, HubError)
      assert.strictEqual(error.message, "busy")
    }),
  )

  it.effect("waits as long as the server asks", () =>
    Effect.gen(function* () {
      const { tries } = yield* failing(fault(100_000))
      yield* TestClock.adjust("99 seconds")
      assert.strictEqual(tries(), 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(tries(), 2)
    }),
  )

  it.effect("does not try again what cannot pass", () =>
    Effect.gen(function* () {
      const { fiber, tries } = yield* failing(new HubError({ reason: "not-found", message: "no" }))
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* Fiber.join(fiber)).message, "no")
      assert.strictEqual(tries(), 1)
    }),
  )
})

it.live("request reads how long the server asks to wait", () =>
  Effect.gen(function* () {
    const server = yield* hubServer(new Map())
    const ask = (headers: Record<string, string>) =>
      Effect.promise(() => {
        server.misbehave("/x", status(429, headers))
        const { signal } = new AbortController()
        return request(
          { ...source, endpoint: server.url },
          `${server.url}/x`,
          { what: "x", signal },
          async () => undefined,
        ).catch((error: TransferFault) => error.retryAfter)
      })
    assert.strictEqual(yield* ask({ "retry-after": "7" }), 7000)
    assert.strictEqual(yield* ask({ "retry-after": new Date(0).toUTCString() }), 0)
    assert.strictEqual(yield* ask({}), undefined)
  }),
)
