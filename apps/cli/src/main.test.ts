import { type ChildProcess, spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const main = fileURLToPath(new URL("main.ts", import.meta.url))
/** A PNG of one red pixel. */
const dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
let folder = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "auteur-cli-"))
  await writeFile(join(folder, "dot.png"), Buffer.from(dot, "base64"))
})
afterAll(() => rm(folder, { recursive: true }))

interface Result {
  readonly code: number | null
  readonly signal: string | null
  readonly output: string
  readonly errors: string
}

/** Runs the command as a person does; `watch` sees what it has printed so far. */
const auteur = (args: ReadonlyArray<string>, watch?: (printed: string, process: ChildProcess) => void) =>
  new Promise<Result>((resolve) => {
    const child = spawn(process.execPath, [main, ...args], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] })
    let output = ""
    let errors = ""
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString()
    })
    child.stderr.on("data", (chunk: Buffer) => {
      errors += chunk.toString()
      watch?.(errors, child)
    })
    child.on("close", (code, signal) => resolve({ code, signal, output, errors }))
  })

describe("auteur generate", () => {
  it("writes an MP4 named after the prompt and says where and with which seed", async () => {
    const { code, output } = await auteur(["A fox, in a meadow!", "--steps", "2", "--seed", "3"])
    expect(code).toBe(0)
    expect(output).toBe("a-fox-in-a-meadow.mp4  (seed 3)\n")
    const bytes = await readFile(join(folder, "a-fox-in-a-meadow.mp4"))
    expect(bytes.subarray(4, 8).toString()).toBe("ftyp")
    expect(bytes.includes("avc1")).toBe(true)
  })

  it("writes equal bytes for equal seeds, and other bytes for another", async () => {
    const run = async (name: string, seed: string) => {
      await auteur(["a fox in a meadow", "--steps", "3", "--seed", seed, "-o", name])
      return readFile(join(folder, name))
    }
    const first = await run("seed-a.mp4", "11")
    expect((await run("seed-b.mp4", "11")).equals(first)).toBe(true)
    expect((await run("seed-c.mp4", "12")).equals(first)).toBe(false)
  })

  it("continues an interrupted run to the bytes of one that was left alone", async () => {
    const args = ["a dragon on the ice", "--steps", "60", "--seed", "5"]
    const whole = await auteur([...args, "-o", "whole.mp4"])
    expect(whole.code).toBe(0)

    const stopped = await auteur([...args, "-o", "part.mp4"], (printed, child) => {
      if (printed.includes("denoise 6/60") && !child.killed) child.kill("SIGINT")
    })
    expect(stopped.signal).toBe("SIGINT")
    expect(stopped.errors).toContain("--resume part.mp4.auteur")
    expect(existsSync(join(folder, "part.mp4"))).toBe(false)

    const resumed = await auteur(["--resume", "part.mp4.auteur"])
    expect(resumed.errors).not.toContain("denoise 6/60")
    expect(resumed.code).toBe(0)
    const bytes = await readFile(join(folder, "part.mp4"))
    expect(bytes.equals(await readFile(join(folder, "whole.mp4")))).toBe(true)
    expect(existsSync(join(folder, "part.mp4.auteur"))).toBe(false)
  })

  it("prints events as JSON lines for programs", async () => {
    const { output } = await auteur(["a fox", "--steps", "2", "--seed", "1", "--json", "-o", "json.mp4"])
    const events = output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string })
    expect(events.map((event) => event.type)).toEqual([
      "text-end",
      "step-start",
      "step-end",
      "step-start",
      "step-end",
      "decode-progress",
      "decode-progress",
      "video-end",
      "file",
    ])
  })
})

describe("bad input gets one clear sentence, no stack, and leaves no file", () => {
  it.each([
    [1, "The prompt is empty", [""]],
    [1, "the nearest lengths are 1 and 8 frames", ["a fox", "--frames", "7"]],
    [
      1,
      "A width of 65 pixels cannot be made: it has to be a multiple of 16; the nearest are 64 and 80",
      ["a fox", "--size", "65x64"],
    ],
    [1, 'There is no model "nope"', ["a fox", "--model", "nope"]],
    [1, "The ending of x.xyz is not one that can be written", ["a fox", "-o", "x.xyz"]],
    [1, "the folder nowhere does not exist", ["a fox", "-o", "nowhere/x.mp4"]],
    [1, "0 steps cannot be made", ["a fox", "--steps", "0"]],
    [1, 'The sampler "unipc" cannot run a model', ["a fox", "--sampler", "unipc"]],
    [1, "emoji-world takes no image", ["a fox", "--image", "dot.png"]],
    [1, "This is no image that is known", ["a fox", "--image", main]],
    [1, "There is no checkpoint at nope.auteur", ["--resume", "nope.auteur"]],
    [1, "main.ts cannot be resumed", ["--resume", main]],
    [2, "Unrecognized flag: --stepz", ["a fox", "--stepz", "3"]],
    [2, '"abc". Expected: WIDTHxHEIGHT', ["a fox", "--size", "abc"]],
  ])("exit code %i: %s", async (code, sentence, args) => {
    const before = await readdir(folder)
    const result = await auteur(args)
    expect(result.errors).toContain(sentence)
    expect(result.code).toBe(code)
    expect(result.errors).not.toMatch(/\n\s+at /)
    expect(result.errors.trim().split("\n").length).toBeLessThanOrEqual(6)
    expect(await readdir(folder)).toEqual(before)
  })
})
