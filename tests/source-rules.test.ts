import { describe, expect, it } from "vitest"
import { readPages } from "./docs.ts"
import { workspaces } from "./source-files.ts"
import { sourceRuleViolations } from "./source-rules.ts"
import { productSources, structureOf } from "./structure.ts"
import { vocabularyViolations } from "./vocabulary.ts"

describe("every source file is short and well named", () => {
  it.each(workspaces)("$folder", ({ sources }) => {
    expect(sources.flatMap(sourceRuleViolations)).toEqual([])
  })
})

describe("the sources", () => {
  const structure = structureOf(productSources)

  it("have no folder of more than 25 files, and none of a single one", () => {
    expect(structure.largestFolder.files).toBeLessThanOrEqual(25)
    expect(structure.singleFileFolders).toEqual([])
  })

  it("have no files that import each other", () => {
    expect(structure.circles).toEqual([])
  })

  it("have at most a quarter of files that one other file imports", () => {
    expect(structure.singleImporters.length).toBeLessThanOrEqual(structure.files / 4)
  })
})

describe("names, messages, comments and pages are in the language of the glossary", () => {
  it.each(workspaces)("$folder", ({ sources }) => {
    expect(sources.flatMap(vocabularyViolations)).toEqual([])
  })

  it.each(readPages())("$path", (page) => {
    expect(vocabularyViolations(page)).toEqual([])
  })
})

describe("a broken rule of size or naming is named", () => {
  it("a file may have 300 lines and no more", () => {
    expect(sourceRuleViolations({ path: "packages/core/src/box.ts", text: "a()\n".repeat(300) })).toEqual([])
    expect(sourceRuleViolations({ path: "packages/core/src/box.ts", text: "a()\n".repeat(301) })).toHaveLength(1)
  })

  it.each([
    "utils.ts",
    "tensor-utils.ts",
    "common/box.ts",
    "helpers.ts",
    "misc.ts",
    "session-manager.ts",
    "Box.ts",
    "my_box.ts",
  ])("%s is a bad name", (name) => {
    expect(sourceRuleViolations({ path: `packages/core/src/${name}`, text: "" })).toHaveLength(1)
  })

  it.each(["causal-conv3d.ts", "index.ts", "internal/box.ts", "mt19937.ts", "player.client.tsx"])(
    "%s is a good name",
    (name) => {
      expect(sourceRuleViolations({ path: `packages/core/src/${name}`, text: "" })).toEqual([])
    },
  )

  it("index.ts only re-exports", () => {
    const index = (text: string): ReadonlyArray<string> =>
      sourceRuleViolations({ path: "packages/core/src/index.ts", text })
    expect(index(`export { a } from "./a.ts"\nexport type { B } from "./b.ts"\nexport * from "./c.ts"`)).toEqual([])
    expect(index("export const a = 1")).toHaveLength(1)
    expect(index(`import { a } from "./a.ts"\nexport { a }`)).toHaveLength(1)
  })
})
