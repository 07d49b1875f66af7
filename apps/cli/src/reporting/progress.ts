import type { GenerateEvent } from "auteur/effect"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { type Output } from "../terminal/output.ts"
import { drawPicture, type PictureProtocol } from "../terminal/pictures.ts"
import { clearLine, drawProgress } from "../terminal/progress-bar.ts"
import { shorten } from "../terminal/visible-text.ts"
import { formatDuration } from "./format.ts"
import { howToContinue, type Reporter } from "./reporter.ts"

interface ProgressOptions {
  /** Where progress goes, and where the result goes. */
  readonly errors: Output
  readonly output: Output
  /** Prints only what goes wrong. */
  readonly quiet: boolean
  /** How the terminal shows pictures; without it none are shown. */
  readonly pictures?: PictureProtocol | undefined
}

/** For people: a bar with the time left on a terminal, a line for each tenth of the work otherwise. */
export const progressReporter = ({ errors, output, quiet, pictures }: ProgressOptions): Reporter => {
  let begin = 0
  let tenth = -1
  const clear = () => {
    if (errors.isTerminal) errors.draw(clearLine)
  }
  const say = (text: string) =>
    Effect.sync(() => {
      clear()
      errors.print(`${text}\n`)
    })

  const progress = Effect.fnUntraced(function* (label: string, done: number, total: number) {
    const now = yield* Clock.currentTimeMillis
    if (errors.isTerminal) {
      const seconds = ((now - begin) / 1000 / done) * (total - done)
      const left = label === "denoise" && done < total ? `  ${formatDuration(seconds)} left` : ""
      drawProgress(label, done / total, `${done}/${total}${left}`, errors)
      if (label === "decode" && done >= total) clear()
      return
    }
    const reached = Math.floor((done / total) * 10)
    if (label !== "decode" && reached === tenth) return
    tenth = reached
    errors.print(`${label} ${done}/${total}\n`)
  })

  const event = Effect.fnUntraced(function* (event: GenerateEvent) {
    if (event.type === "text-end") {
      begin = yield* Clock.currentTimeMillis
      if (event.truncated !== undefined) {
        yield* say(`The prompt is too long; this end of it is not used: "${shorten(event.truncated)}"`)
      }
    }
    if (quiet) return
    if (event.type === "inversion-progress") yield* progress("invert", event.done, event.total)
    if (event.type === "step-end") yield* progress("denoise", event.index + 1, event.total)
    if (event.type === "decode-progress") yield* progress("decode", event.done, event.total)
    if (event.type === "preview" && pictures !== undefined) {
      clear()
      errors.draw(`${drawPicture(event.image, pictures, errors)}\n`)
    }
  })

  return {
    begin: ({ prompt, index, total }) =>
      quiet || total === 1 ? Effect.void : say(`Video ${index + 1} of ${total}: ${shorten(prompt)}`),
    event,
    notice: say,
    done: (path, { seed }) => (quiet ? Effect.void : Effect.sync(() => output.print(`${path}  (seed ${seed})\n`))),
    stopped: (video, task) => say(`Stopped. ${howToContinue(video, task)}`.trimEnd()),
    failed: ({ index, total }, message) =>
      total === 1 ? say(message) : say(`Video ${index + 1} of ${total}: ${message}`),
  }
}
