import { createReadStream } from "node:fs"
import * as Effect from "effect/Effect"
import { CommandError } from "../process/command-error.ts"

/** The most bytes of a file of prompts: some hundred thousand prompts. */
const mostBytes = 16 * 2 ** 20

/** Reads the prompts of a file, which may be a pipe: one a line, without empty lines and those that begin with `#`. */
export const readPrompts: (path: string) => Effect.Effect<ReadonlyArray<string>, CommandError> = Effect.fnUntraced(
  function* (path) {
    const failure = (message: string) => new CommandError({ message, exitCode: 1 })
    const bytes = yield* Effect.tryPromise({
      try: () => readAtMost(path, mostBytes),
      catch: (cause) => failure(explain(path, cause)),
    })
    if (bytes === undefined) return yield* failure(`${path} is larger than 16 MB: divide it into several files.`)
    const text = yield* Effect.try({
      try: () => decode(bytes),
      catch: () => failure(`${path} is not text in UTF-8: save the prompts as such, one a line.`),
    })
    if (text.includes("\0")) return yield* failure(`${path} is not text: write the prompts into a file, one a line.`)
    const prompts = text
      .split(/\r\n?|\n/)
      .map((line) => line.trim())
      .filter((line) => line !== "" && !line.startsWith("#"))
    if (prompts.length > 0) return prompts
    return yield* failure(`${path} holds no prompt: write one a line.`)
  },
)

const explain = (path: string, cause: unknown): string => {
  switch ((cause as NodeJS.ErrnoException).code) {
    case "ENOENT":
      return `There is no file of prompts at ${path}: check the path.`
    case "EISDIR":
      return `${path} is a folder, not a file of prompts: name a file, with one prompt a line.`
    case "EACCES":
      return `${path} may not be read: change its permissions.`
    default:
      return `${path} cannot be read (${(cause as Error).message}): check the path.`
  }
}

/** UTF-8, or UTF-16 with a byte order mark, which some shells of Windows write. */
const decode = (bytes: Buffer): string => {
  const [first, second] = bytes
  const encoding =
    first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "utf-8"
  return new TextDecoder(encoding, { fatal: true }).decode(bytes)
}

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
