import type { GenerateEvent } from "auteur/effect"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { formatDuration } from "./format.ts"
import { drawPicture, type PictureProtocol } from "./pictures.ts"
import { clearLine, type Output, progressLine } from "./progress-bar.ts"
import { howToResume, type Reporter } from "./reporter.ts"

interface ProgressOptions {
  /** Where progress goes, and where the result. */
  readonly errors: Output
  readonly output: Output
  /** Prints nothing but what goes wrong. */
  readonly quiet: boolean
  /** How the terminal shows pictures; none are shown without it. */
  readonly pictures?: PictureProtocol | undefined
}

/** For people: a bar with the time left on a terminal, a line for each tenth of the work otherwise. */
export const progressReporter = ({ errors, output, quiet, pictures }: ProgressOptions): Reporter => {
  const isTerminal = errors.isTTY === true
  let begin = 0
  let tenth = -1
  const say = (text: string) => Effect.sync(() => errors.write(`${isTerminal ? clearLine : ""}${text}\n`))

  const progress = Effect.fnUntraced(function* (label: string, done: number, total: number) {
    const now = yield* Clock.currentTimeMillis
    if (isTerminal) {
      const seconds = ((now - begin) / 1000 / done) * (total - done)
      const left = label === "denoise" && done < total ? `  ${formatDuration(seconds)} left` : ""
      errors.write(progressLine(label, done / total, `${done}/${total}${left}`, errors))
      if (label === "decode" && done >= total) errors.write(clearLine)
      return
    }
    const reached = Math.floor((done / total) * 10)
    if (label !== "decode" && reached === tenth) return
    tenth = reached
    errors.write(`${label} ${done}/${total}\n`)
  })

  const event = Effect.fnUntraced(function* (event: GenerateEvent) {
    if (event.type === "text-end") {
      begin = yield* Clock.currentTimeMillis
      if (event.truncated !== undefined) {
        yield* say(`The prompt is too long; this end of it is not used: "${event.truncated}"`)
      }
    }
    if (quiet) return
    if (event.type === "inversion-progress") yield* progress("invert", event.done, event.total)
    if (event.type === "step-end") yield* progress("denoise", event.index + 1, event.total)
    if (event.type === "decode-progress") yield* progress("decode", event.done, event.total)
    if (event.type === "preview" && pictures !== undefined) yield* say(drawPicture(event.image, pictures, errors))
  })

  return {
    begin: ({ prompt, index, total }) =>
      quiet || total === 1 ? Effect.void : say(`Video ${index + 1} of ${total}: ${prompt}`),
    event,
    notice: say,
    done: (path, { seed }) => (quiet ? Effect.void : Effect.sync(() => output.write(`${path}  (seed ${seed})\n`))),
    stopped: (video) => say(["Stopped.", howToResume(video)].filter(Boolean).join(" ")),
    failed: ({ index, total }, message) =>
      total === 1 ? say(message) : say(`Video ${index + 1} of ${total}: ${message}`),
  }
}
