import { encodePng, type GenerateEvent, toFrames } from "auteur/effect"
import * as Effect from "effect/Effect"
import type { Output } from "../terminal/output.ts"
import { toVisibleJson } from "../terminal/visible-text.ts"
import type { Reporter } from "./reporter.ts"

/** For programs: one JSON object a line on `output`, without the tensors; sentences for people on `errors`. */
export const jsonReporter = (output: Output, errors: Output): Reporter => {
  const print = (line: object) => Effect.sync(() => output.print(`${toVisibleJson(line)}\n`))
  const say = (text: string) => Effect.sync(() => errors.print(`${text}\n`))
  return {
    begin: ({ prompt, output: path, index, total }) => print({ type: "video-start", index, total, prompt, path }),
    event: (event) => print(toLine(event)),
    notice: say,
    done: (path, { seed }) => print({ type: "file", path, seed: String(seed) }),
    stopped: ({ checkpoint }) => print({ type: "stopped", checkpoint: checkpoint ?? null }),
    failed: ({ index }, message) => Effect.andThen(print({ type: "failure", index, message }), say(message)),
  }
}

const toLine = (event: GenerateEvent): object => {
  const { type } = event
  switch (type) {
    case "text-end":
      return { type, truncated: event.truncated ?? null }
    case "step-start":
    case "step-end":
      return { type, index: event.index, total: event.total }
    case "preview":
      return {
        type,
        index: event.index,
        png: Buffer.from(encodePng(toFrames(event.image)[0]!).bytes).toString("base64"),
      }
    case "inversion-progress":
    case "decode-progress":
      return { type, done: event.done, total: event.total }
    case "video-end":
      return { type, shape: event.video.shape }
  }
}
