import { RequestError, type Weights } from "@auteur/core"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Engine } from "../engine.ts"
import { MemoryReservations } from "./memory-reservations.ts"
import { OpenModel, SharedSessions } from "./open-model.ts"
import type { Runtime } from "./runtime.ts"
import { SessionPool } from "./session-pool.ts"

/** How an engine uses the machine. */
export interface EngineOptions {
  /** Threads for each operator. Default: one for each physical core. */
  readonly threads?: number | undefined
  /**
   * How 16-bit weights are held: `fold` widens them to float32 when a session is made (fastest), `map` leaves them in the file
   * and widens one block at a time. Default `auto`: `fold` where the copy fits into three quarters of `memoryLimit`.
   */
  readonly memory?: "auto" | "fold" | "map" | undefined
  /**
   * Bytes that sessions may take together before idle ones are given back, those used longest ago first. Default: half of the memory
   * that is free when the engine starts.
   */
  readonly memoryLimit?: number | undefined
  /** Starts the first thread at once, so that it loads the runtime while models are read. Default: when it is first needed. */
  readonly startNow?: boolean | undefined
}

/** The share of the free memory that sessions may take by default. */
export const defaultMemoryShare = 0.5

const mostThreads = 1024

// Of all engines of this process, as they share its memory.
const reservations = new MemoryReservations()

/** The engine over a runtime; its threads end with the scope. Fails with a `RequestError` for an option that cannot be used. */
export const makeEngine: (
  runtime: Runtime,
  options: EngineOptions,
) => Effect.Effect<Engine["Service"], RequestError, Scope.Scope> = Effect.fnUntraced(function* (runtime, options) {
  yield* checkOptions(options)
  const memoryLimit = options.memoryLimit ?? runtime.availableMemory() * defaultMemoryShare
  const settings = { threads: options.threads ?? runtime.threads, memory: options.memory ?? "auto", memoryLimit }
  const pool = yield* Effect.acquireRelease(
    Effect.sync(() => new SessionPool(runtime, memoryLimit)),
    (pool) => Effect.promise(() => pool.close()),
  )
  if (options.startNow === true) pool.thread(0)
  const shared = new Map<Weights, SharedSessions>()
  const open = (weights: Weights): OpenModel => {
    const sessions = shared.get(weights) ?? new SharedSessions(pool, () => shared.delete(weights))
    shared.set(weights, sessions)
    return new OpenModel(weights, runtime, pool, sessions, settings)
  }
  const available = () => runtime.availableMemory() + pool.idleBytes
  return Engine.of({
    open: (weights) =>
      Effect.acquireRelease(
        Effect.sync(() => open(weights)),
        (model) => Effect.sync(() => model.close()),
      ),
    unload: Effect.promise(() => pool.unload()),
    reserve: (bytes) => reservations.reserve(bytes, available),
    availableBytes: Effect.sync(available),
  })
})

const checkOptions = ({ threads, memoryLimit }: EngineOptions): Effect.Effect<void, RequestError> => {
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= mostThreads)) {
    return Effect.fail(
      new RequestError({
        message: `The number of threads must be a whole number from 1 to ${mostThreads}, not ${threads}: leave it out for one for each core.`,
      }),
    )
  }
  if (memoryLimit !== undefined && !(memoryLimit > 0)) {
    return Effect.fail(
      new RequestError({
        message: `The memory limit must be a number of bytes above 0, not ${memoryLimit}: leave it out for half of what is free.`,
      }),
    )
  }
  return Effect.void
}
