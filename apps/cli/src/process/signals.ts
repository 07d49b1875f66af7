import * as Effect from "effect/Effect"

type Signal = "SIGINT" | "SIGTERM"

let first: { readonly signal: Signal; readonly time: number } | undefined

/** Remembers which signal ends the process; one that comes again after a second ends it wherever it is. */
export const watchSignals = (): void => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      // Two keystrokes in a row are meant as one, and what is being saved takes milliseconds.
      if (first !== undefined && performance.now() - first.time > 1000) end(first.signal)
      first ??= { signal, time: performance.now() }
    })
  }
}

/**
 * Ends the process by the signal that it was sent, as a shell expects: at once, also where the engine's thread is inside of a long
 * native call that an orderly exit would have to wait for.
 */
export const endBySignal: Effect.Effect<never> = Effect.andThen(
  Effect.sync(() => end(first?.signal ?? "SIGINT")),
  Effect.never,
)

const end = (signal: Signal): void => {
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}
