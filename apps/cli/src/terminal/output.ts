import { format } from "node:util"
import * as Console from "effect/Console"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { toVisible, toVisibleJson } from "./visible-text.ts"

/** Where the command line writes: nothing else in it touches standard output or standard error. */
export interface Output {
  /** Whether this is a terminal on which a line can be drawn again. */
  readonly isTerminal: boolean
  /** The width in characters. */
  readonly columns: number
  /** Writes text of any origin; what would command a terminal is shown as an escape. */
  readonly print: (text: string) => void
  /** Writes control sequences, which must be auteur's own, as they are. */
  readonly draw: (text: string) => void
}

interface Stream {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly write: (text: string) => unknown
}

export const toOutput = (stream: Stream, environment: Readonly<Record<string, string | undefined>>): Output => ({
  isTerminal: stream.isTTY === true && environment["TERM"] !== "dumb",
  get columns() {
    // Some terminals say 0 when they do not know.
    return stream.columns || 80
  },
  print: (text) => void stream.write(toVisible(text)),
  draw: (text) => void stream.write(text),
})

export const standardOutput: Output = toOutput(process.stdout, process.env)
export const standardError: Output = toOutput(process.stderr, process.env)

const toLine =
  (output: Output) =>
  (...values: ReadonlyArray<unknown>) =>
    output.print(`${format(...values)}\n`)
const toError = toLine(standardError)

/** Sends Effect's console and logs to these outputs: results to the first, everything else to the second. */
export const consoleLayer: Layer.Layer<never> = Layer.mergeAll(
  Layer.succeed(Console.Console, {
    ...globalThis.console,
    log: toLine(standardOutput),
    info: toError,
    debug: toError,
    warn: toError,
    error: toError,
  }),
  Layer.succeed(Logger.LogToStderr, true),
  Logger.layer([Logger.consoleLogFmt]),
)

/** Prints a value as a line of JSON. */
export const printJson = (value: unknown): Effect.Effect<void> => Console.log(toVisibleJson(value))

/** Ends the command when its reader goes away; output that cannot be written is told once, and the work is finished. */
export const watchOutputs = (): void => {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      // Whoever read this has gone, so the rest is not wanted.
      if (error.code === "EPIPE") process.kill(process.pid, "SIGTERM")
      else if (stream === process.stdout && process.exitCode !== 1) {
        process.exitCode = 1
        const reason = error.code === "ENOSPC" ? "the disk is full" : error.message
        standardError.print(`The output cannot be written (${reason}): send it to another place.\n`)
      }
    })
  }
}
