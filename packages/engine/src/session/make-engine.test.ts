import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { makeEngine } from "./make-engine.ts"
import { nodeRuntime } from "../node/layer.ts"

/** The threads that an engine starts, on the real runtime. */
const startedBy = Effect.fnUntraced(function* (options: { readonly startNow?: boolean }) {
  const runtime = nodeRuntime()
  const ranks: Array<number> = []
  const start: typeof runtime.start = (rank, onExit) => {
    ranks.push(rank)
    return runtime.start(rank, onExit)
  }
  yield* makeEngine({ ...runtime, start }, options)
  return ranks
})

it.effect("an engine starts its first thread at once when it is told to, and otherwise none", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(yield* startedBy({ startNow: true }), [0])
    assert.deepStrictEqual(yield* startedBy({}), [])
  }),
)
