import { readFile } from "node:fs/promises"
import * as Effect from "effect/Effect"
import { CommandError } from "./command-error.ts"

/** The prompts of a file: one a line, without empty lines and those that begin with `#`. */
export const readPrompts: (path: string) => Effect.Effect<ReadonlyArray<string>, CommandError> = Effect.fnUntraced(
  function* (path) {
    const text = yield* Effect.tryPromise({
      try: () => readFile(path, "utf8"),
      catch: () =>
        new CommandError({
          message: `There is no file of prompts at ${path} that can be read: check the path.`,
          exitCode: 1,
        }),
    })
    const prompts = text
      .replace(/^\uFEFF/, "")
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== "" && !line.startsWith("#"))
    if (prompts.length > 0) return prompts
    return yield* new CommandError({ message: `${path} holds no prompt: write one a line.`, exitCode: 1 })
  },
)
