import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

/**
 * An effect of a third party that fails when it does not end in time. Then it is interrupted, but not waited for: it may be one that
 * cannot be interrupted either.
 */
export const endWithin = <A, E, R, Late>(
  effect: Effect.Effect<A, E, R>,
  seconds: number,
  late: () => Late,
): Effect.Effect<A, E | Late, R> =>
  Effect.flatMap(Effect.forkDetach(effect, { startImmediately: true }), (fiber) => {
    const limit = Effect.delay(
      Effect.suspend(() => Effect.andThen(Effect.forkDetach(Fiber.interrupt(fiber)), Effect.fail(late()))),
      seconds * 1000,
    )
    return Effect.onInterrupt(Effect.raceFirst(Fiber.join(fiber), limit), () => Fiber.interrupt(fiber))
  })
