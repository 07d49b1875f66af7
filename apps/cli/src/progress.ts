import type { GenerateEvent } from "auteur"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** What a reporter needs of a stream such as `process.stderr`. */
export interface Terminal {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly write: (text: string) => unknown
}

/** Tells a person, or a program, how far a generation is. */
export type Reporter = (event: GenerateEvent) => Effect.Effect<void>

/** A bar with the time left on a terminal, a line for each tenth of the work otherwise. */
export const progressReporter = (terminal: Terminal): Effect.Effect<Reporter> =>
  Effect.map(Clock.currentTimeMillis, (begin) => {
    let tenth = -1
    return Effect.fnUntraced(function* (event: GenerateEvent) {
      const at = progressOf(event)
      if (at === undefined) {
        if (event.type === "text-end" && event.truncated !== undefined) {
          terminal.write(`The prompt is too long; this end of it is not used: "${event.truncated}"\n`)
        }
        return
      }
      const { label, done, total } = at
      if (terminal.isTTY === true) {
        const elapsed = ((yield* Clock.currentTimeMillis) - begin) / 1000
        const left = label === "denoise" && done > 0 ? `  ${duration((elapsed / done) * (total - done))} left` : ""
        const end = label === "decode" && done >= total ? "\r\u001b[2K" : ""
        terminal.write(
          `\r\u001b[2K${label}  ${bar(done / total, terminal.columns ?? 80)}  ${done}/${total}${left}${end}`,
        )
        return
      }
      const reached = Math.floor((done / total) * 10)
      if (label === "denoise" && reached === tenth) return
      tenth = reached
      terminal.write(`${label} ${done}/${total}\n`)
    })
  })

/** One JSON object for each event, without the tensors. */
export const jsonReporter =
  (terminal: Terminal): Reporter =>
  (event) =>
    Effect.sync(() => {
      const { type } = event
      switch (type) {
        case "text-end":
          return terminal.write(`${JSON.stringify({ type, truncated: event.truncated ?? null })}\n`)
        case "step-start":
        case "step-end":
          return terminal.write(`${JSON.stringify({ type, index: event.index, total: event.total })}\n`)
        case "preview":
          return terminal.write(`${JSON.stringify({ type, index: event.index })}\n`)
        case "decode-progress":
          return terminal.write(`${JSON.stringify({ type, done: event.done, total: event.total })}\n`)
        case "video-end":
          return terminal.write(`${JSON.stringify({ type, shape: event.video.shape })}\n`)
      }
    })

const progressOf = (event: GenerateEvent) => {
  if (event.type === "step-end") return { label: "denoise", done: event.index + 1, total: event.total }
  if (event.type === "decode-progress") return { label: "decode", done: event.done, total: event.total }
  return undefined
}

const bar = (part: number, columns: number): string => {
  const width = Math.max(Math.min(columns - 40, 40), 5)
  const filled = Math.round(part * width)
  return "█".repeat(filled) + "░".repeat(width - filled)
}

const duration = (seconds: number): string => {
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}
