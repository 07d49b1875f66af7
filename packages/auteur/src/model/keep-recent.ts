import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"

/** Gives the value of a key, made now if there is none, and holds it until the scope closes. */
export type KeepRecent<A, E> = (key: string, make: Effect.Effect<A, E, Scope.Scope>) => Effect.Effect<A, E, Scope.Scope>

/**
 * Keeps up to `capacity` values that hold resources, each in a scope of its own; those used longest ago are closed first.
 *
 * A value that is held is never closed, so there may be more of them for a while.
 */
export const keepRecent = <A, E>(capacity: number): Effect.Effect<KeepRecent<A, E>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const outer = yield* Effect.scope
    const turn = yield* Semaphore.make(1)
    // In the order of their last use.
    const kept = new Map<string, { readonly value: A; readonly scope: Scope.Closeable; holders: number }>()

    const closeOldest = Effect.suspend(() => {
      const idle = [...kept].filter(([, { holders }]) => holders === 0)
      const closing = idle.slice(0, Math.max(0, kept.size - capacity))
      for (const [key] of closing) kept.delete(key)
      return Effect.forEach(closing, ([, { scope }]) => Scope.close(scope, Exit.void), { discard: true })
    })
    const hold = Effect.fnUntraced(function* (key: string, make: Effect.Effect<A, E, Scope.Scope>) {
      const entry = kept.get(key) ?? (yield* open(make))
      entry.holders++
      kept.delete(key)
      kept.set(key, entry)
      yield* closeOldest
      return entry
    })
    const open = Effect.fnUntraced(function* (make: Effect.Effect<A, E, Scope.Scope>) {
      const scope = yield* Scope.fork(outer)
      const value = yield* make.pipe(
        Scope.provide(scope),
        Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))),
      )
      return { value, scope, holders: 0 }
    })
    return (key, make) =>
      Effect.map(
        Effect.acquireRelease(turn.withPermits(1)(hold(key, make)), (entry) =>
          Effect.suspend(() => {
            entry.holders--
            return closeOldest
          }),
        ),
        ({ value }) => value,
      )
  })
