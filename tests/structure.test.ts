import { describe, expect, it } from "vitest"
import type { SourceFile } from "./source-files.ts"
import { structureOf } from "./structure.ts"

describe("the structure of sources", () => {
  const file = (path: string, ...imports: ReadonlyArray<string>): SourceFile => ({
    path,
    text: imports.map((name) => `import "${name}"\n`).join(""),
  })

  it("tells the files with one importer, which barrels and tests are not", () => {
    const sources = [
      file("a/src/index.ts", "./public.ts", "./both.ts"),
      file("a/src/public.ts", "./single.ts", "./both.ts"),
      file("a/src/single.ts", "./shared.ts"),
      file("a/src/both.ts", "./shared.ts"),
      file("a/src/shared.ts"),
    ]
    expect(structureOf(sources).singleImporters).toEqual(["a/src/single.ts"])
  })

  it("tells circles, also through types and dynamic imports", () => {
    const one = { path: "a/one.ts", text: 'export type A = import("./two.ts").B\n' }
    const two = { path: "a/two.ts", text: 'export const load = () => import("./three.ts")\n' }
    expect(structureOf([one, two, file("a/three.ts", "./one.ts"), file("a/four.ts", "./one.ts")]).circles).toEqual([
      ["a/one.ts", "a/two.ts", "a/three.ts"],
    ])
    expect(structureOf([one, two, file("a/three.ts")]).circles).toEqual([])
  })

  it("tells the largest folder, and those of a single file", () => {
    const sources = ["a/src/index.ts", "a/src/x/one.ts", "a/src/x/two.ts", "a/src/y/three.ts", "a/src/z/z/four.ts"]
    const { largestFolder, singleFileFolders } = structureOf(sources.map((path) => file(path)))
    expect(largestFolder).toEqual({ path: "a/src/x", files: 2 })
    expect(singleFileFolders).toEqual(["a/src/y", "a/src/z/z"])
  })

  it("tells the longest file and the median", () => {
    const sources = [1, 9, 5].map((lines) => ({ path: `a/src/${lines}.ts`, text: "a()\n".repeat(lines) }))
    expect(structureOf(sources)).toMatchObject({ files: 3, medianLines: 5, longest: { path: "a/src/9.ts", lines: 9 } })
  })
})
