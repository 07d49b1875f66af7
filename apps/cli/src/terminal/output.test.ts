import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { toOutput } from "./output.ts"
import { shorten, toVisible, toVisibleJson } from "./visible-text.ts"

it("what would command a terminal is shown as an escape, and everything else as it is", () => {
  expect(toVisible("\u001b]0;owned\u0007\r\u009b2J\u007f\b")).toBe(String.raw`\x1b]0;owned\x07\x0d\x9b2J\x7f\x08`)
  expect(toVisible("gpj.\u202efox\u2066\u2028")).toBe(String.raw`gpj.\u202efox\u2066\u2028`)
  const plain = "ein fuchs läuft, лиса, 狐狸 🦊👩‍🚀\n\tüber"
  expect(toVisible(plain)).toBe(plain)
})

it("JSON says the same when it is read, and holds no such character", () => {
  const value = { prompt: "\u001b[31m\u009b2J\u007f\u202e🦊" }
  expect(toVisibleJson(value)).not.toMatch(/[^ -~🦊]/u)
  expect(JSON.parse(toVisibleJson(value))).toEqual(value)
})

it("a text is cut in the middle, never within a character", () => {
  expect(shorten("a fox", 5)).toBe("a fox")
  expect(shorten("🦊".repeat(500), 12)).toBe("🦊🦊🦊🦊🦊 … 🦊🦊🦊🦊🦊")
})

it("an output prints text, draws sequences, and knows whether it can", () => {
  const texts: Array<string> = []
  const stream = { isTTY: true, columns: 0, write: (text: string) => texts.push(text) }
  const output = toOutput(stream, { TERM: "xterm" })
  output.print("\u001b[31m")
  output.draw("\u001b[2K")
  expect(texts).toEqual([String.raw`\x1b[31m`, "\u001b[2K"])
  expect(output).toMatchObject({ isTerminal: true, columns: 80 })
  expect(toOutput(stream, { TERM: "dumb" }).isTerminal).toBe(false)
})

it("no other source writes to standard output or standard error", () => {
  const root = join(import.meta.dirname, "..")
  const writers = readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .filter((name) => /process\.std(out|err)|\bconsole\.|writeSync/.test(readFileSync(join(root, name), "utf8")))
  expect(writers).toEqual([join("terminal", "output.ts")])
})
