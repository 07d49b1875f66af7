import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { bun, deno, node } from "./installed.ts"
import { runOn } from "./run.ts"

const repository = join(import.meta.dirname, "../..")
const main = join(repository, "apps/cli/src/main.ts")

let folder = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "auteur-runtime-plugins-"))
  await mkdir(join(folder, "node_modules"))
  for (const name of ["auteur", "@auteur", "effect", "auteur-plugin-karras"]) {
    await symlink(join(repository, "node_modules", name), join(folder, "node_modules", name), "junction")
  }
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }))
  await writeFile(
    join(folder, "auteur.config.ts"),
    `import { defineConfig } from "auteur"
export default defineConfig({ plugins: [["auteur-plugin-karras", { rho: 5 }]] })
`,
  )
})
afterAll(() => rm(folder, { recursive: true }))

const small = ["a fox", "--steps", "2", "--frames", "1", "--seed", "1", "-q"]

describe.each([node, bun, deno])("on $name", (runtime) => {
  it("a config's plugin makes the video that it makes on Node", async () => {
    const file = `${runtime.name}.png`
    expect(await runOn(runtime, [main, ...small, "-o", file], { cwd: folder })).toMatchObject({ code: 0, errors: "" })
    expect((await readFile(join(folder, file))).equals(await readFile(join(folder, "Node.png")))).toBe(true)
  })
})
