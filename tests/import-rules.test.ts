import { describe, expect, it } from "vitest"
import { importRuleViolations } from "./import-rules.ts"
import { workspaces } from "./source-files.ts"

describe("every workspace obeys the import rules", () => {
  it("finds the workspaces and their sources", () => {
    expect(workspaces.map(({ folder }) => folder)).toEqual(
      expect.arrayContaining(["packages/core", "apps/cli", "examples/sampler-karras"]),
    )
    expect(workspaces.filter(({ sources }) => sources.length === 0).map(({ folder }) => folder)).toEqual([])
  })

  it.each(workspaces)("$folder", (workspace) => {
    expect(importRuleViolations(workspace)).toEqual([])
  })
})

describe("a broken import rule is named", () => {
  const violations = (folder: string, text: string, dependencies: ReadonlyArray<string>): ReadonlyArray<string> =>
    importRuleViolations({
      folder,
      manifest: { name: folder, dependencies: Object.fromEntries(dependencies.map((name) => [name, "*"])) },
      sources: [{ path: `${folder}/src/part/box.ts`, text }],
    })

  it.each([
    ["packages/core", "@auteur/engine"],
    ["packages/engine", "@auteur/media"],
    ["packages/hub", "@auteur/engine"],
    ["packages/samplers", "@auteur/engine"],
    ["packages/flowdirector", "@auteur/samplers"],
    ["packages/media", "@auteur/hub"],
    ["packages/text", "@auteur/dit"],
    ["packages/vae3d", "@auteur/text"],
    ["packages/dit", "@auteur/vae3d"],
    ["packages/train", "@auteur/media"],
    ["packages/server", "@auteur/engine"],
    ["packages/auteur", "@auteur/server"],
    ["packages/auteur", "@auteur/cli"],
    ["apps/cli", "@auteur/media"],
    ["apps/cli", "@auteur/studio"],
    ["examples/sampler", "@auteur/samplers"],
  ])("%s imports %s", (folder, sibling) => {
    expect(violations(folder, `export { a } from "${sibling}"`, [sibling])).toEqual([
      expect.stringContaining(`imports ${sibling}: of this repository, `),
    ])
  })

  it.each([
    ["packages/train", "@auteur/dit"],
    ["packages/server", "auteur"],
    ["packages/auteur", "@auteur/media"],
    ["apps/cli", "auteur"],
    ["examples/sampler", "@auteur/core"],
  ])("%s may import %s", (folder, sibling) => {
    expect(violations(folder, `import { a } from "${sibling}/part"`, [sibling])).toEqual([])
  })

  it.each([
    ["a re-export", `export * from "@auteur/engine"`],
    ["a dynamic import", `const part = await import("@auteur/engine/part")`],
    ["an import of a type", `import type { A } from "@auteur/engine"`],
    ["a type in place", `export type A = import("@auteur/engine").A`],
    ["an import for its effect", `import "@auteur/engine"`],
  ])("in %s", (_, text) => {
    expect(violations("packages/core", text, ["@auteur/engine"])).toHaveLength(1)
  })

  it("a relative import leaves its package", () => {
    expect(violations("packages/core", `import "../../../dit/src/index.ts"`, [])).toEqual([
      "packages/core/src/part/box.ts imports ../../../dit/src/index.ts, which leaves packages/core",
    ])
    expect(violations("packages/core", `import "../box.ts"`, [])).toEqual([])
  })

  it("the barrel of effect is imported", () => {
    expect(violations("packages/core", `import { Effect } from "effect"`, ["effect"])).toHaveLength(1)
    expect(violations("packages/core", `import * as Effect from "effect/Effect"`, ["effect"])).toEqual([])
  })

  it("a package that runs in browsers uses a module of Node", () => {
    for (const specifier of ["node:fs", "fs", "fs/promises"]) {
      expect(violations("packages/dit", `import * as fs from "${specifier}"`, [])).toHaveLength(1)
      expect(violations("packages/engine", `import * as fs from "${specifier}"`, [])).toEqual([])
    }
  })

  it("a package that runs in browsers uses a global of Node", () => {
    for (const text of [
      "process.exit(1)",
      "const a = Buffer.from([])",
      "export const f = (a: Buffer) => a",
      "f({ process })",
    ]) {
      expect(violations("packages/text", text, [])).toHaveLength(1)
      expect(violations("packages/media", text, [])).toEqual([])
    }
  })

  it("and its own names do not count as globals of Node", () => {
    for (const text of [
      "export const f = (process: Process) => process.kind",
      "const { process, other: [Buffer] } = model; f(process, Buffer)",
      "export interface Model { readonly process: string }",
      "f({ process: 1 }, model.process)",
    ])
      expect(violations("packages/core", text, [])).toEqual([])
  })

  it("an import is not declared", () => {
    expect(violations("packages/engine", `import * as a from "@scope/name/part"`, [])).toEqual([
      "packages/engine/src/part/box.ts imports @scope/name, which packages/engine/package.json does not declare",
    ])
  })

  it("a declared package of this repository is not imported", () => {
    expect(violations("packages/engine", "export const a = 1", ["@auteur/core", "onnxruntime-node"])).toEqual([
      "packages/engine/package.json declares @auteur/core, which its sources do not import",
    ])
  })

  it("a package has no rule", () => {
    expect(violations("packages/new", "export const a = 1", [])).toEqual([
      expect.stringContaining("has no import rule"),
    ])
  })
})
