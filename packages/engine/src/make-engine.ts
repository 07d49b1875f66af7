import type { Weights } from "@auteur/core"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Engine } from "./engine.ts"
import { OpenModel } from "./open-model.ts"
import type { Runtime } from "./runtime.ts"
import { SessionPool } from "./session-pool.ts"

/** How an engine uses the machine. */
export interface EngineOptions {
  /** Threads for each operator. Default: one for each physical core. */
  readonly threads?: number
  /**
   * How 16-bit weights are held: `fold` widens them to float32 when a session is made (fastest), `map` leaves them in the file
   * and widens one block at a time. Default `auto`: `fold` where the copy fits into half of `memoryLimit`.
   */
  readonly memory?: "auto" | "fold" | "map"
  /** Bytes that idle sessions may keep before the ones used longest ago are given back. Default: three quarters of what is free. */
  readonly memoryLimit?: number
  /** Starts the first thread at once, so that it loads the runtime while models are read. Default: when it is first needed. */
  readonly startNow?: boolean
}

/** The part of the free memory that idle sessions may keep by default. */
export const idleShare = 0.75

/** The engine over a runtime; its threads end with the scope. */
export const makeEngine: (
  runtime: Runtime,
  options: EngineOptions,
) => Effect.Effect<Engine["Service"], never, Scope.Scope> = Effect.fnUntraced(function* (runtime, options) {
  const memoryLimit = options.memoryLimit ?? runtime.availableMemory() * idleShare
  const settings = { threads: options.threads ?? runtime.threads, memory: options.memory ?? "auto", memoryLimit }
  const pool = yield* Effect.acquireRelease(
    Effect.sync(() => new SessionPool(runtime, memoryLimit)),
    (pool) => Effect.promise(() => pool.close()),
  )
  if (options.startNow === true) pool.thread(0)
  return Engine.of({
    open: (weights: Weights) =>
      Effect.acquireRelease(
        Effect.sync(() => new OpenModel(weights, runtime, pool, settings)),
        (model) => Effect.sync(() => model.close()),
      ),
  })
})
