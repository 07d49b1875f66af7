import { EngineError } from "@auteur/core"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

interface Reservation {
  readonly bytes: number
  /** Bytes that its engine could use now. */
  readonly available: () => number
  state: "waiting" | "admitted" | "ended"
  resume: (effect: Effect.Effect<void, EngineError>) => void
}

/** Admits work while its memory fits beside that of the work that was admitted before, in the order in which it came. */
export class MemoryReservations {
  readonly #waiting: Array<Reservation> = []
  readonly #admitted = new Set<Reservation>()
  /** Bytes that were available when nothing was admitted: how much of its memory work has taken already is not known. */
  #base = 0

  /** Sets bytes aside until the scope closes: waits while others leave too little, and fails where no wait would help. */
  readonly reserve = (bytes: number, available: () => number): Effect.Effect<void, EngineError, Scope.Scope> =>
    Effect.suspend(() => {
      const reservation: Reservation = { bytes, available, state: "waiting", resume: () => {} }
      const end = Effect.sync(() => this.#end(reservation))
      const admission = Effect.callback<void, EngineError>((resume) => {
        reservation.resume = resume
        this.#waiting.push(reservation)
        this.#admit()
        return end
      })
      return Effect.andThen(
        Effect.addFinalizer(() => end),
        admission,
      )
    })

  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const available = next.available()
      if (this.#admitted.size === 0) this.#base = available
      let reserved = 0
      for (const { bytes } of this.#admitted) reserved += bytes
      const fits = next.bytes <= Math.min(this.#base - reserved, available)
      if (!fits && this.#admitted.size > 0) return
      this.#waiting.shift()
      next.state = fits ? "admitted" : "ended"
      if (fits) this.#admitted.add(next)
      next.resume(fits ? Effect.void : Effect.fail(tooLarge(next.bytes, available)))
    }
  }

  #end(reservation: Reservation): void {
    if (reservation.state === "ended") return
    if (reservation.state === "waiting") this.#waiting.splice(this.#waiting.indexOf(reservation), 1)
    else this.#admitted.delete(reservation)
    reservation.state = "ended"
    this.#admit()
  }
}

const tooLarge = (bytes: number, available: number): EngineError =>
  new EngineError({
    message: `The work needs about ${gigabytes(bytes)} of memory, but ${gigabytes(available)} are free: ask for fewer frames or a smaller size, or close other programs.`,
  })

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`
