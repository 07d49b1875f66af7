import { readFile } from "node:fs/promises"
import { ModelError } from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"

/** Reads a JSON object; the error names the file and says what is wrong with it. */
export const readJson: (path: string) => Effect.Effect<Record<string, unknown>, ModelError> = Effect.fnUntraced(
  function* (path) {
    const text = yield* Effect.tryPromise({
      try: () => readFile(path, "utf8"),
      catch: (cause) => new ModelError({ message: unreadable(path, cause as NodeJS.ErrnoException) }),
    })
    const value = yield* Effect.try({
      try: (): unknown => JSON.parse(text),
      catch: () => new ModelError({ message: `${path} is not valid JSON: download it again.` }),
    })
    if (!Predicate.isReadonlyObject(value)) {
      return yield* new ModelError({ message: `${path} does not hold a JSON object: download it again.` })
    }
    return value
  },
)

/** Says why a file of a model folder cannot be read. */
export const unreadable = (path: string, { code }: NodeJS.ErrnoException): string => {
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return `${path} is missing: the model folder is incomplete, download it again.`
    case "EACCES":
    case "EPERM":
      return `${path} may not be read by this user: give it read permission.`
    case "EISDIR":
      return `${path} is a folder where a file is expected: the model folder is damaged, download it again.`
    default:
      return `${path} cannot be read (${code ?? "unknown reason"}): check the disk, or download it again.`
  }
}
