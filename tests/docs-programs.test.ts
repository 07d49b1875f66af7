import { execFile } from "node:child_process"
import { mkdtemp, mkdir, rm, symlink, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { loadConfig } from "auteur/effect"
import * as Effect from "effect/Effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { readPages } from "./docs.ts"
import { type Program, programsOf } from "./docs-programs.ts"

const run = promisify(execFile)
const repository = join(import.meta.dirname, "..")
const compiler = join(createRequire(import.meta.url).resolve("typescript/package.json"), "../bin/tsc")

const pages = readPages()
  .map((page) => ({ page: page.path, folder: page.path.replaceAll(/\W/g, "-"), programs: programsOf(page) }))
  .filter(({ programs }) => programs.length > 0)

let folder = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "auteur-programs-"))
  await symlink(join(repository, "node_modules"), join(folder, "node_modules"), "junction")
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }))
  const options = { extends: join(repository, "tsconfig.base.json"), include: ["."] }
  await writeFile(
    join(folder, "tsconfig.json"),
    JSON.stringify({ ...options, compilerOptions: { isolatedDeclarations: false, declaration: false } }),
  )
  for (const page of pages) {
    await mkdir(join(folder, page.folder))
    for (const { name, text } of page.programs) await writeFile(join(folder, page.folder, name), text)
  }
})
afterAll(() => rm(folder, { recursive: true }))

it("the TypeScript of every page compiles", async () => {
  const { stdout } = await run(process.execPath, [compiler, "--project", folder, "--pretty", "false"]).catch(
    (failed: { stdout: string }) => failed,
  )
  expect(stdout).toBe("")
})

const shown = pages.flatMap(({ page, folder, programs }) => programs.map((program) => ({ page, folder, ...program })))

// These have tests of their own, which look at what their programs write.
const ownTests = ["docs/quick-start.md", "docs/samplers.md"]
const programs = shown.filter(({ page, name }) => !ownTests.includes(page) && !name.endsWith(".config.ts"))

describe("the programs that the pages show", () => {
  const inOrder = (printed: string, { prints }: Program): ReadonlyArray<string> => {
    const lines = printed.split("\n")
    return prints.map((wanted) => lines.splice(0, lines.indexOf(wanted) + 1).at(-1) ?? "")
  }

  it.each(programs)("$page: $name runs, and prints what the page says", async (program) => {
    const { stdout } = await run(process.execPath, [program.name], { cwd: join(folder, program.folder) })
    expect(inOrder(stdout, program)).toEqual(program.prints)
  })

  it("are found", () => {
    expect(programs.length).toBeGreaterThan(10)
  })
})

it.each(shown.filter(({ name }) => name.endsWith(".config.ts")))(
  "$page: $name is a config",
  async ({ name, ...page }) => {
    const config = await Effect.runPromise(loadConfig({ folder: join(folder, page.folder), file: name }))
    expect(config!.plugins.map(({ name }) => name)).toEqual(["auteur-plugin-straight", "auteur-plugin-karras"])
  },
)
