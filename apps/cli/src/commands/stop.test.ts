import { existsSync } from "node:fs"
import { readdir, readFile } from "node:fs/promises"
import { setTimeout } from "node:timers/promises"
import { beforeAll, describe, expect, it } from "vitest"
import { auteur, expectClearErrors, temporaryFolder } from "../../test/run-auteur.ts"

const folder = temporaryFolder()
const run = (...args: ReadonlyArray<string>) => auteur(args, { cwd: folder.path() })
const bytes = (name: string) => readFile(folder.file(name))

/** Runs until `text` is printed, and sends it signals then. */
const stopAt = (text: string, signals: ReadonlyArray<NodeJS.Signals>, args: ReadonlyArray<string>) => {
  let isSent = false
  return auteur(args, { cwd: folder.path() }, (printed, child) => {
    if (isSent || !printed.includes(text)) return
    isSent = true
    for (const signal of signals) child.kill(signal)
  })
}

const settings = ["--sampler", "dpm", "--guidance", "1", "--fps", "12", "--upscale", "2"]
const args = ["a dragon on the ice", "--steps", "20", "--seed", "5", ...settings]

describe("a command that is stopped", () => {
  beforeAll(() => run(...args, "-o", "whole.mp4"))

  it.each([
    ["while it denoises", "denoise 4/20", ["SIGINT"]],
    ["by SIGTERM", "denoise 6/20", ["SIGTERM"]],
    ["while it decodes", "decode 9/17", ["SIGINT"]],
    ["by two keystrokes", "denoise 8/20", ["SIGINT", "SIGINT"]],
  ] as const)(
    "%s ends by the signal, leaves no half file, and goes on to the same bytes",
    async (when, text, signals) => {
      const before = await readdir(folder.path())
      const stopped = await stopAt(text, signals, [...args, "-o", "part.mp4"])
      expect(stopped).toMatchObject({ signal: signals[0], output: "" })
      expect(stopped.errors).toContain("Stopped. What is done can be continued: --resume part.mp4.auteur\n")
      expect(stopped.errors).not.toMatch(/terminate called|Aborted|libc\+\+|\n\s+at /)
      expect((await readdir(folder.path())).toSorted()).toEqual([...before, "part.mp4.auteur"].toSorted())

      const output = when === "by SIGTERM" ? "moved.mp4" : "part.mp4"
      const resumed = await run("--resume", "part.mp4.auteur", ...(output === "part.mp4" ? [] : ["-o", output]))
      expect(resumed).toMatchObject({ code: 0, output: `${output}  (seed 5)\n` })
      expect(resumed.errors).not.toContain("denoise 2/20")
      expect((await bytes(output)).equals(await bytes("whole.mp4"))).toBe(true)
      expect(existsSync(folder.file("part.mp4.auteur"))).toBe(false)
    },
  )

  it("ends by the signal whenever that comes, and leaves nothing but its checkpoint", async () => {
    const before = new Set(await readdir(folder.path()))
    for (const wait of [20, 200, 400, 600, 900]) {
      const stopped = await auteur(
        [...args.slice(0, 2), "900", "-o", "any.mp4"],
        { cwd: folder.path() },
        undefined,
        (child) => {
          void setTimeout(wait).then(() => child.kill("SIGINT"))
        },
      )
      expect(stopped.signal).toBe("SIGINT")
      expectClearErrors(stopped.errors.replaceAll(/denoise .*\n/g, ""))
    }
    const left = (await readdir(folder.path())).filter(
      (name) => !before.has(name) && !/^any\.mp4(\.\d)?\.auteur$/.test(name),
    )
    expect(left).toEqual([])
  })

  // Where npm runs on an older Node, the command runs in another process.
  it.each([
    ["SIGINT", "--resume SIGINT.mp4.auteur\n"],
    ["SIGTERM", "--resume SIGTERM.mp4.auteur\n"],
    ["SIGHUP", ""],
    ["SIGKILL", "--resume SIGKILL.mp4.auteur\n"],
  ] as const)("leaves no process behind after %s", async (sent, told) => {
    const older = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.0.0" } })`
    const options = { cwd: folder.path(), node: ["--import", `data:text/javascript,${older}`] }
    let isSent = false
    const { signal, errors } = await auteur([...args, "-o", `${sent}.mp4`], options, (printed, child) => {
      if (isSent || !printed.includes("denoise 2/20")) return
      isSent = true
      child.kill(sent)
    })
    // The streams are closed once both processes have ended.
    expect(signal).toBe(sent)
    expect(errors).not.toContain("decode")
    expect(errors).toContain(told)
  })

  it("tells a program where to continue", async () => {
    let isSent = false
    const { output, signal } = await auteur(
      [...args, "--json", "-o", "json.mp4"],
      { cwd: folder.path() },
      undefined,
      (child) => {
        child.stdout!.on("data", (chunk: Buffer) => {
          if (isSent || !chunk.includes('"index":3')) return
          isSent = true
          child.kill("SIGINT")
        })
      },
    )
    expect(signal).toBe("SIGINT")
    expect(JSON.parse(output.trim().split("\n").at(-1)!)).toEqual({ type: "stopped", checkpoint: "json.mp4.auteur" })
  })

  it("stops when its reader goes away, without a word", async () => {
    const { errors, signal } = await auteur(
      [...args, "--json", "-o", "gone.mp4"],
      { cwd: folder.path() },
      undefined,
      (child) => {
        child.stdout!.once("data", () => child.stdout!.destroy())
      },
    )
    expect(signal).toBe("SIGTERM")
    expect(errors).toBe("")
    expect(existsSync(folder.file("gone.mp4"))).toBe(false)
  })
})
