import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

interface Turn {
  readonly amount: number
  readonly capacity: () => number
  isIn: boolean
  enter: () => void
}

/**
 * A shared amount, of places or of bytes, that is given out strictly in the order of arrival: whoever is first waits until what it
 * needs is free, and nobody passes it meanwhile. What needs more than there is comes in when it is alone.
 */
export class Turns {
  readonly #waiting: Array<Turn> = []
  #taken = 0

  get taken(): number {
    return this.#taken
  }

  /** Takes an amount until the scope closes; an interruption while it waits gives up its place. */
  take(amount: number, capacity: () => number): Effect.Effect<void, never, Scope.Scope> {
    return Effect.suspend(() => {
      const turn: Turn = { amount, capacity, isIn: false, enter: () => {} }
      const waits = Effect.callback<void>((resume) => {
        turn.enter = () => resume(Effect.void)
        if (turn.isIn) turn.enter()
      })
      return Effect.addFinalizer(() => Effect.sync(() => this.#leave(turn))).pipe(
        Effect.andThen(
          Effect.suspend(() => {
            this.#waiting.push(turn)
            this.#admit()
            return turn.isIn ? Effect.void : waits
          }),
        ),
      )
    })
  }

  #admit(): void {
    for (;;) {
      const first = this.#waiting[0]
      if (first === undefined || (this.#taken > 0 && this.#taken + first.amount > first.capacity())) return
      this.#waiting.shift()
      this.#taken += first.amount
      first.isIn = true
      first.enter()
    }
  }

  #leave(turn: Turn): void {
    if (turn.isIn) this.#taken -= turn.amount
    else this.#waiting.splice(this.#waiting.indexOf(turn) >>> 0, 1)
    turn.isIn = false
    this.#admit()
  }
}
