import { describe, expect, it } from "vitest"
import { vocabularyViolations } from "./vocabulary.ts"

describe("a word that has a better one is found", () => {
  const violations = (text: string, path = "packages/core/src/box.ts") => vocabularyViolations({ path, text })

  it.each(["const askedOf = 1", "class FilmLayer {}", "const a = { startPart: 1 }", "type RunMemory = 1"])(
    "in the names of %s",
    (text) => {
      expect(violations(text)).toHaveLength(1)
    },
  )

  it("in the name of a file", () => {
    expect(violations("", "packages/hub/src/near-names.ts")).toEqual([
      'packages/hub/src/near-names.ts has the name near-names.ts: for "near names" write "similar names"',
    ])
  })

  it.each([
    "// It is no file.",
    "const a = `This is no number`",
    "/** What it takes. */",
    "/**\n * What it takes.\n */",
    "// mends it",
    "// a run that is gone on from",
  ])("in the words of %s", (text) => {
    expect(violations(text)).toHaveLength(1)
  })

  it.each(["const task = basket", "// There is no file.", "// It is no longer there.", "/** Whatever it takes. */"])(
    "and nothing in %s",
    (text) => {
      expect(violations(text)).toEqual([])
    },
  )
})
