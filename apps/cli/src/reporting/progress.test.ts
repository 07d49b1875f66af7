import { assert, it } from "@effect/vitest"
import type { GenerateEvent } from "auteur/effect"
import { expect, test } from "vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { formatBytes, formatDuration, formatTable } from "./format.ts"
import { toOutput } from "../terminal/output.ts"
import { clearLine } from "../terminal/progress-bar.ts"
import { progressReporter } from "./progress.ts"

const recorder = (stream: { readonly isTTY?: boolean; readonly columns?: number }, environment = {}) => {
  const texts: Array<string> = []
  return { texts, output: toOutput({ ...stream, write: (text) => texts.push(text) }, environment) }
}
const textEnd = (truncated?: string) => ({ type: "text-end", truncated }) as GenerateEvent
const step = (index: number, total: number) => ({ type: "step-end", index, total }) as GenerateEvent

it.effect("a terminal shows one line with a bar and the time left", () =>
  Effect.gen(function* () {
    const { texts, output } = recorder({ isTTY: true, columns: 60 })
    const reporter = progressReporter({ errors: output, output, quiet: false })
    yield* reporter.event(textEnd())
    yield* TestClock.adjust("10 seconds")
    yield* reporter.event(step(9, 200))
    const last = texts.at(-1)!
    assert.isTrue(last.startsWith(clearLine))
    assert.match(last.slice(clearLine.length), /^denoise {2}█+░+ {2}10\/200 {2}3 min 10 s left$/)
    assert.isBelow(last.length - clearLine.length, 60)
    assert.notInclude(texts.join(""), "\n")
  }),
)

it.effect.each([1, 5, 10, 20, 30, 80])("a bar fits into %i columns", (columns) =>
  Effect.gen(function* () {
    const { texts, output } = recorder({ isTTY: true, columns })
    const reporter = progressReporter({ errors: output, output, quiet: false })
    yield* reporter.event(textEnd())
    yield* TestClock.adjust("10 seconds")
    for (const index of [0, 9, 199]) yield* reporter.event(step(index, 200))
    for (const text of texts) assert.isBelow(text.slice(clearLine.length).length, columns)
  }),
)

it.effect("a terminal that cannot draw gets plain lines", () =>
  Effect.gen(function* () {
    const { texts, output } = recorder({ isTTY: true }, { TERM: "dumb" })
    const reporter = progressReporter({ errors: output, output, quiet: false })
    for (const index of [0, 1]) yield* reporter.event(step(index, 2))
    yield* reporter.notice("told")
    assert.deepStrictEqual(texts, ["denoise 1/2\n", "denoise 2/2\n", "told\n"])
  }),
)

it.effect("of a prompt that is far too long, the beginning and the end are shown", () =>
  Effect.gen(function* () {
    const { texts, output } = recorder({})
    const reporter = progressReporter({ errors: output, output, quiet: false })
    yield* reporter.event(textEnd(`first ${"word ".repeat(20_000)}last`))
    assert.match(texts.join(""), /^The prompt is too long; this end of it is not used: "first .* … .*last"\n$/)
    assert.isBelow(texts.join("").length, 240)
  }),
)

it.effect("a file gets a line for each tenth of the steps", () =>
  Effect.gen(function* () {
    const { texts, output } = recorder({})
    const reporter = progressReporter({ errors: output, output, quiet: false })
    for (let index = 0; index < 100; index++) yield* reporter.event(step(index, 100))
    assert.deepStrictEqual(texts, [
      "denoise 1/100\n",
      ...[10, 20, 30, 40, 50, 60, 70, 80, 90, 100].map((done) => `denoise ${done}/100\n`),
    ])
  }),
)

test("amounts are rounded for people", () => {
  expect([999, 26_400_000, 9_840_000_000].map(formatBytes)).toEqual(["1 kB", "26 MB", "9.8 GB"])
  expect([0.2, 59.5, 200, 3900].map(formatDuration)).toEqual(["1 s", "1 min 0 s", "3 min 20 s", "1 h 5 min"])
  expect(
    formatTable([
      ["a", "long"],
      ["wide", "b"],
    ]),
  ).toBe("a     long\nwide  b")
})
