import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { bun, deno, node } from "./installed.ts"
import { runProgram } from "./run.ts"

const repository = join(import.meta.dirname, "../..")

describe("the command that a reader of the README begins with", () => {
  it.each([
    ["node scripts/start.mjs", node, ["scripts/start.mjs"]],
    ["bun run start", bun, ["run", "start"]],
    ["deno task start", deno, ["task", "start"]],
  ])("%s runs the command line on its own runtime, and installs nothing", async (_, { name, program }, words) => {
    // Bun leaves what npm has told its children.
    const env = { npm_config_user_agent: undefined, npm_execpath: undefined }
    const { code, output, errors } = await runProgram(program, [...words, "doctor"], { cwd: repository, env })
    expect(output).toMatch(new RegExp(`^✓ runtime +${name} \\d`, "m"))
    expect(output).toMatch(/^✓ self-test /m)
    expect(errors).not.toContain("Installing")
    expect(code).toBe(0)
  })
})

describe("scripts/setup.mjs", () => {
  let folder = ""
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "auteur-setup-"))
    await cp(join(repository, "scripts/setup.mjs"), join(folder, "scripts/setup.mjs"))
  })
  afterAll(() => rm(folder, { recursive: true }))

  /** Runs the script where no npm is found. */
  const setup = () =>
    runProgram(node.program, ["scripts/setup.mjs"], { cwd: folder, env: { PATH: folder, Path: folder } })
  const installing =
    "Installing dependencies (once)…\nThe dependencies could not be installed: run `npm ci` to see why.\n"

  it("installs what is missing with npm, and says when that fails", async () => {
    expect(await setup()).toMatchObject({ code: 1, errors: expect.stringContaining(installing) })
  })

  it.each(["node_modules/.package-lock.json", "bun.lock", "node_modules/.deno/.setup-cache.bin"])(
    "takes an installation that has ended with %s as it is",
    async (path) => {
      const mark = join(folder, path)
      await mkdir(dirname(mark), { recursive: true })
      await writeFile(mark, "")
      expect(await setup()).toMatchObject({ code: 1, errors: expect.stringContaining(installing) })
      await mkdir(join(folder, "node_modules/onnxruntime-node"), { recursive: true })
      expect(await setup()).toMatchObject({ code: 0, errors: "" })
      await rm(join(folder, "node_modules"), { recursive: true })
      await rm(mark, { force: true })
    },
  )
})
