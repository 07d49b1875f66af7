import { writeFile } from "node:fs/promises"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import { temporaryFolder } from "../../test/run-auteur.ts"
import { readPrompts } from "./prompt-file.ts"

const folder = temporaryFolder()

/** The prompts of a file of these bytes, or the sentence that refuses it. */
const read = Effect.fnUntraced(function* (bytes: Uint8Array | string) {
  const path = folder.file("prompts.txt")
  yield* Effect.promise(() => writeFile(path, bytes))
  const result = yield* Effect.result(readPrompts(path))
  return Result.isSuccess(result) ? result.success : result.failure.message.replace(path, "FILE")
})

describe("a file of prompts", () => {
  it.effect.each([
    ["a fox\nein fuchs läuft\n", ["a fox", "ein fuchs läuft"]],
    ["a fox\r\na cat\r\n", ["a fox", "a cat"]],
    ["a fox\ra cat\r", ["a fox", "a cat"]],
    ["\ufeff# a mark\n\n  a fox \n", ["a fox"]],
    [Buffer.from("\ufeffa fox\r\nläuft", "utf16le"), ["a fox", "läuft"]],
    [Buffer.from("\ufeffa fox\nläuft", "utf16le").swap16(), ["a fox", "läuft"]],
    ["a \u001b[31mfox", ["a \u001b[31mfox"]],
    ["#\n \r\n\t", "FILE holds no prompt: write one a line."],
    ["", "FILE holds no prompt: write one a line."],
    [Uint8Array.of(0x61, 0xff), "FILE is not text in UTF-8: save the prompts as such, one a line."],
    ["a\0fox", "FILE is not text: write the prompts into a file, one a line."],
  ] as const)("%j", ([bytes, expected]) => Effect.map(read(bytes), (found) => assert.deepStrictEqual(found, expected)))

  it.effect("names what is wrong with a path", () =>
    Effect.gen(function* () {
      const refused = (path: string) => Effect.map(Effect.flip(readPrompts(path)), ({ message }) => message)
      assert.match(yield* refused(folder.path()), /is a folder, not a file of prompts/)
      assert.match(yield* refused(folder.file("none")), /^There is no file of prompts at /)
    }),
  )

  it.effect("is read or refused in a sentence, whatever its bytes are", () =>
    Effect.promise(() => {
      const good = Buffer.from("# three\na fox läuft\r\na cat 🦊\n\n  a dog\r")
      const change = fc.record({ at: fc.nat(good.length), cut: fc.nat(4), put: fc.uint8Array({ maxLength: 4 }) })
      const bytes = fc.oneof(
        fc.uint8Array({ maxLength: 64 }),
        fc
          .array(change, { minLength: 1, maxLength: 4 })
          .map((changes) =>
            changes.reduce(
              (bytes, { at, cut, put }) => Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)]),
              good,
            ),
          ),
      )
      return fc.assert(
        fc.asyncProperty(bytes, async (bytes) => {
          const found = await Effect.runPromise(read(bytes))
          if (typeof found === "string") return assert.match(found, /^FILE (holds no prompt|is not text).*\.$/)
          assert.isAbove(found.length, 0)
          for (const prompt of found) assert.match(prompt, /^[^#\s](.*\S)?$/s)
          for (const prompt of found) assert.notMatch(prompt, /[\r\n\0]/)
        }),
        { numRuns: 300 },
      )
    }),
  )
})
