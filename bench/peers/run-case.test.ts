import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { bundledCases } from "./bundled-cases.ts"
import { runCase } from "./run-case.ts"

let scratch = ""
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "auteur-run-case-"))
})
afterAll(() => rmSync(scratch, { recursive: true }))

it.each(["step", "decode"])("times auteur's side of the case %s without Python", async (name) => {
  const each = bundledCases(1).find((other) => other.name === name)!
  const lines: Array<string> = []
  const { measurements } = await runCase(each, {
    scratch,
    rounds: 2,
    repetition: { atLeast: 2, seconds: 0, atMostSeconds: 60 },
    threads: 1,
    limitSeconds: 60,
    python: undefined,
    log: (line) => lines.push(line),
  })
  expect(measurements.map(({ library, mode }) => [library, mode])).toEqual([["auteur", "float32"]])
  expect(measurements[0]!.seconds).toHaveLength(4)
  expect(measurements[0]!.first).toHaveLength(2)
  expect(lines).toHaveLength(2)
})
