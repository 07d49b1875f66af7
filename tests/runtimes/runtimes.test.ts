import { createHash } from "node:crypto"
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { bun, deno, denoPermissions, node } from "./installed.ts"
import { type Ended, runOn } from "./run.ts"

const repository = join(import.meta.dirname, "../..")
const program = join(import.meta.dirname, "make-videos.ts")
const main = join(repository, "apps/cli/src/main.ts")
const others = [bun, deno]

let folder = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "auteur-runtimes-"))
})
afterAll(() => rm(folder, { recursive: true }))

const permissions = (): ReadonlyArray<string> =>
  denoPermissions({
    reads: ["node_modules", "packages", "models"].map((name) => join(repository, name)).concat(folder),
    writes: [folder],
    addon: join(repository, "node_modules/onnxruntime-node"),
  })

/** A digest of every file below a folder. */
const filesIn = async (path: string): Promise<Record<string, string>> => {
  const entries = (await readdir(path, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  const files = await Promise.all(
    entries.map(async ({ parentPath, name }) => {
      const file = join(parentPath, name)
      return [
        file.slice(path.length + 1),
        createHash("sha256")
          .update(await readFile(file))
          .digest("hex"),
      ] as const
    }),
  )
  return Object.fromEntries(files.toSorted())
}

describe("the Promise API", () => {
  const made = new Map<string, Ended>()
  const audit = () => join(folder, "permissions.jsonl")
  beforeAll(async () => {
    for (const runtime of [node, ...others]) {
      const output = join(folder, runtime.name)
      await mkdir(output)
      const env = runtime === deno ? { DENO_AUDIT_PERMISSIONS: audit() } : {}
      made.set(runtime.name, await runOn(runtime, [program, output], { cwd: folder, permissions: permissions(), env }))
    }
  })

  it("makes videos on Node, stops, and refuses", async () => {
    const { code, output, errors } = made.get("Node")!
    expect(errors).toBe("")
    expect(code).toBe(0)
    expect(JSON.parse(output)).toMatchObject({ reason: "AbortError", refused: expect.stringContaining("7 frames") })
    expect(Object.keys(await filesIn(join(folder, "Node")))).toEqual([
      "bus/frame-0001.png",
      "fox.gif",
      "fox.mp4",
      "fox.webp",
      "large.mp4",
    ])
  })

  it.each(others)("does the same on $name, to the byte", async ({ name }) => {
    expect(made.get(name)).toEqual(made.get("Node"))
    expect(await filesIn(join(folder, name))).toEqual(await filesIn(join(folder, "Node")))
  })

  it("asks Deno for no more than these permissions", async () => {
    const asked = (await readFile(audit(), "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { permission: string; value: string | null })
    const kinds = new Set(asked.map(({ permission, value }) => (permission === "sys" ? `sys ${value}` : permission)))
    // A worker is given the environment; without the permission it is empty.
    expect([...kinds].toSorted()).toEqual(["env", "ffi", "read", "sys systemMemoryInfo", "sys uid", "write"])
  })

  it("says what Deno does not permit", async () => {
    const rest = permissions().filter((permission) => !permission.startsWith("--allow-ffi"))
    const { code, errors } = await runOn(deno, [program, folder], { cwd: folder, permissions: rest })
    expect(code).toBe(1)
    expect(errors).toContain("Requires ffi access to")
  })
})

const video = ["a fox", "--steps", "12", "--frames", "9", "--seed", "7", "-o", "fox.mp4"]

// On Node it has tests of its own.
describe.each(others)("the command line on $name", (runtime) => {
  const cwd = () => join(folder, "cli", runtime.name)
  const reference = () => join(folder, "cli", "Node")
  const run = (...args: ReadonlyArray<string>): Promise<Ended> => runOn(runtime, [main, ...args], { cwd: cwd() })
  beforeAll(async () => {
    await mkdir(cwd(), { recursive: true })
    if ((await mkdir(reference(), { recursive: true })) !== undefined) {
      await runOn(node, [main, ...video], { cwd: reference() })
    }
  })

  it("is stopped by Ctrl-C, dies by the signal, and goes on to the same bytes as elsewhere", async () => {
    let isSent = false
    const watch = (errors: string, child: { kill: (signal: "SIGINT") => unknown }): void => {
      if (isSent || !errors.includes("denoise 4/12")) return
      isSent = true
      child.kill("SIGINT")
    }
    const stopped = await runOn(runtime, [main, ...video], { cwd: cwd(), watch })
    expect(stopped).toMatchObject({ signal: "SIGINT", output: "" })
    expect(stopped.errors).toContain("Stopped. What is done can be continued: --resume fox.mp4.auteur\n")
    expect(await run("--resume", "fox.mp4.auteur")).toMatchObject({ code: 0, output: "fox.mp4  (seed 7)\n" })
    expect(await filesIn(cwd())).toEqual(await filesIn(reference()))
  })

  it("prints events as JSON", async () => {
    const { output, code } = await run(
      "a fox",
      "--steps",
      "1",
      "--frames",
      "1",
      "--seed",
      "3",
      "--json",
      "-o",
      "dot.mp4",
    )
    const types = output
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { type: string }).type)
    expect(types).toEqual(["text-end", "step-start", "step-end", "decode-progress", "video-end", "file"])
    expect(code).toBe(0)
  })

  it("lists models, and the doctor knows the runtime", async () => {
    expect((await run("models")).output).toContain("emoji-world")
    const { output, code } = await run("doctor")
    expect(output).toMatch(new RegExp(`^✓ runtime +${runtime.name} \\d`, "m"))
    expect(output).not.toContain("✗")
    expect(code).toBe(0)
  })

  it.each([
    [2, "A video of 7 frames cannot be made", ["a fox", "--frames", "7"]],
    [2, "There is no flag --stepz in auteur generate; did you mean --steps?", ["a fox", "--stepz", "3"]],
  ])("ends with code %i: %s", async (code, sentence, args) => {
    const result = await run(...args)
    expect(result).toMatchObject({ code, output: "" })
    expect(result.errors).toContain(sentence)
    expect(result.errors).not.toMatch(/\n\s+at /)
  })
})
