import { createReadStream } from "node:fs"
import * as Effect from "effect/Effect"
import { CommandError } from "../process/command-error.ts"

/** Bytes of a file of prompts at most: some hundred thousand of them. */
const mostBytes = 16 * 2 ** 20

/** The prompts of a file, which may be a pipe: one a line, without empty lines and those that begin with `#`. */
export const readPrompts: (path: string) => Effect.Effect<ReadonlyArray<string>, CommandError> = Effect.fnUntraced(
  function* (path) {
    const failure = (message: string) => new CommandError({ message, exitCode: 1 })
    const bytes = yield* Effect.tryPromise({
      try: () => readAtMost(path, mostBytes),
      catch: () => failure(`There is no file of prompts at ${path} that can be read: check the path.`),
    })
    if (bytes === undefined) return yield* failure(`${path} is larger than 16 MB: make it several files of prompts.`)
    const text = yield* Effect.try({
      try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
      catch: () => failure(`${path} is not text in UTF-8: save the prompts as such, one a line.`),
    })
    if (text.includes("\0")) return yield* failure(`${path} is not text: write the prompts into a file, one a line.`)
    const prompts = text
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== "" && !line.startsWith("#"))
    if (prompts.length > 0) return prompts
    return yield* failure(`${path} holds no prompt: write one a line.`)
  },
)

const readAtMost = async (path: string, most: number): Promise<Buffer | undefined> => {
  const chunks: Array<Buffer> = []
  let length = 0
  for await (const chunk of createReadStream(path)) {
    length += (chunk as Buffer).length
    if (length > most) return undefined
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}
