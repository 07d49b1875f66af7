import { mkdir, writeFile } from "node:fs/promises"
import { beforeAll, describe, expect, it } from "vitest"
import { auteur, temporaryFolder } from "../../test/run-auteur.ts"

/** Renames the window, clears the screen, goes back, and turns the reading direction. */
const odd = "\u001b]0;owned\u0007\u009b2J\r\u202e"
const folder = temporaryFolder()
const run = (args: ReadonlyArray<string>) => auteur(args, { cwd: folder.path() })
const small = ["--steps", "1", "--frames", "1", "--seed", "1"]

beforeAll(async () => {
  await writeFile(folder.file("prompts.txt"), `a ${odd} fox\na cat\n`)
  await mkdir(folder.file(`models${odd}`))
})

describe("what comes from outside is printed without a control character", () => {
  it.each([
    [["--batch", "prompts.txt", ...small], 0],
    [["a fox", ...small, "-o", `${odd}.png`], 0],
    [["a fox", ...small, "-o", `${odd}.png`, "--json"], 0],
    [["a fox", ...small, "-o", `${odd}/x.png`], 1],
    [["a fox", "--model", odd], 1],
    [["a fox", "--video", odd], 1],
    [["a fox", "--sampler", odd], 2],
    [["a fox", odd, odd], 2],
    [[`--${odd}`], 2],
    [["--like", odd], 1],
    [["--resume", odd], 1],
    [["plugins", "--config", odd], 1],
    [["models", "check", `models${odd}`], 1],
    [["doctor", "--json", "--model", odd], 1],
  ])("%j ends with %i", async (args, code) => {
    const result = await run(args)
    const text = `${result.output}${result.errors}`
    // oxlint-disable-next-line no-control-regex
    expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/)
    expect(text).toMatch(/\\(x1b|u001b)\]0;owned/)
    expect(result.code).toBe(code)
  })
})
