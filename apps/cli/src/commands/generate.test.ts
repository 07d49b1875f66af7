import { existsSync, writeFileSync } from "node:fs"
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises"
import { describe, expect, it } from "vitest"
import { auteur, expectClearErrors, temporaryFolder } from "../../test/run-auteur.ts"

const folder = temporaryFolder()
const run = (...args: ReadonlyArray<string>) => auteur(args, { cwd: folder.path() })
const bytes = (name: string) => readFile(folder.file(name))
const short = ["--steps", "2", "--frames", "9"]

describe("auteur generate", () => {
  it("writes an MP4 named after the prompt and says where and with which seed", async () => {
    const { code, output } = await run("A fox, in a meadow!", "--steps", "2", "--seed", "3")
    expect(code).toBe(0)
    expect(output).toBe("a-fox-in-a-meadow.mp4  (seed 3)\n")
    const written = await bytes("a-fox-in-a-meadow.mp4")
    expect(written.subarray(4, 8).toString()).toBe("ftyp")
    expect(written.includes("avc1")).toBe(true)
  })

  it("gives two runs at once two names, and leaves a file that appears meanwhile", async () => {
    const runs = await Promise.all([run("a twin", ...short), run("a twin", ...short)])
    expect(runs.map(({ output }) => output.split(" ")[0]).toSorted()).toEqual(["a-twin-2.mp4", "a-twin.mp4"])

    const late = await auteur(["a guest", ...short], { cwd: folder.path() }, (printed) => {
      if (printed.includes("denoise 1/2")) writeFileSync(folder.file("a-guest.mp4"), "another program's")
    })
    expect(late.output).toMatch(/^a-guest-2\.mp4 /)
    expect((await bytes("a-guest.mp4")).toString()).toBe("another program's")
  })

  it("writes equal bytes for equal seeds, and other bytes for another", async () => {
    const make = async (name: string, seed: string) => {
      await run("a fox in a meadow", ...short, "--seed", seed, "-o", name)
      return bytes(name)
    }
    const first = await make("seed-a.mp4", "11")
    expect((await make("seed-b.mp4", "11")).equals(first)).toBe(true)
    expect((await make("seed-c.mp4", "12")).equals(first)).toBe(false)
  })

  it("repeats a video from its file, byte for byte, and changes what other flags name", async () => {
    const settings = ["--sampler", "dpm", "--guidance", "4.5", "-n", "a car", "--fps", "12", "--upscale", "2"]
    const method = ["--guidance-method", "rescaled"]
    await run("a bus in the city", ...short, ...settings, ...method, "--tiling", "--seed", "21", "-o", "bus.mp4")
    expect(await run("--like", "bus.mp4", "-o", "again.mp4")).toMatchObject({
      code: 0,
      output: "again.mp4  (seed 21)\n",
    })
    expect((await bytes("again.mp4")).equals(await bytes("bus.mp4"))).toBe(true)

    const other = await run("a cat on the ice", "--like", "bus.mp4", "--fps", "8")
    expect(other.output).toBe("a-cat-on-the-ice.mp4  (seed 21)\n")
    const carried = (await bytes("a-cat-on-the-ice.mp4")).toString("latin1")
    expect(carried).toContain('"prompt":"a cat on the ice","negativePrompt":"a car","seed":"21"')
    expect(carried).toContain('"guidanceMethod":"rescaled","sampler":"dpm"')
    expect(carried).toContain('"fps":"8"')
  })

  it("starts from a video, resized and cut to what the model makes, and says so", async () => {
    await run("a fox in a meadow", "--steps", "1", "--frames", "17", "--size", "96x64", "-o", "wide.gif")
    const { code, errors } = await run(
      "a cat",
      "--video",
      "wide.gif",
      "--strength",
      "0.5",
      "--steps",
      "4",
      "-o",
      "cat.mp4",
    )
    expect(code).toBe(0)
    expect(errors).toContain("denoise 2/2")
    expect((await bytes("cat.mp4")).toString("latin1")).toContain('"video":"wide.gif"')

    await run("a fox", "--steps", "1", "--frames", "25", "--seed", "1", "-o", "long.mp4")
    const cut = await run("a cat", "--video", "long.mp4", "--steps", "4", "-o", "cut.mp4")
    expect(cut.errors).toContain("Of long.mp4, the first 17 frames are used.")
  })

  it("writes a folder of frames, and WebP from its encoder's thread", async () => {
    expect((await run("a fox", ...short, "-o", "frames/")).code).toBe(0)
    expect((await readdir(folder.file("frames"))).length).toBe(9)
    expect((await run("a fox", ...short, "--upscale", "6", "-o", "large.webp")).code).toBe(0)
    expect((await bytes("large.webp")).subarray(8, 12).toString()).toBe("WEBP")
  })

  it("makes a video of each prompt of a file, and goes on after one that fails", async () => {
    await writeFile(folder.file("prompts.txt"), `# two that work\na fox\n\na cat\n${"\t"}\na dog\n`)
    const { code, output } = await run("--batch", "prompts.txt", ...short, "--seed", "4", "-o", "clip.mp4")
    expect(output).toBe("clip-1.mp4  (seed 4)\nclip-2.mp4  (seed 4)\nclip-3.mp4  (seed 4)\n")
    expect(code).toBe(0)
    await run("a cat", ...short, "--seed", "4", "-o", "alone.mp4")
    expect((await bytes("clip-2.mp4")).equals(await bytes("alone.mp4"))).toBe(true)

    await mkdir(folder.file("out-2.mp4"))
    const mixed = await run("--batch", "prompts.txt", ...short, "-o", "out.mp4", "--seed", "4", "-q")
    expect(mixed.errors).toBe(
      "Video 2 of 3: Cannot write out-2.mp4: it is a folder. Add a file name, such as out-2.mp4/video.mp4.\n2 of 3 videos were made.\n",
    )
    expect(mixed.code).toBe(1)

    expect((await run("--batch", "prompts.txt", ...short, "-o", "clips/", "--seed", "4")).code).toBe(0)
    expect(await readdir(folder.file("clips"))).toEqual(["1", "2", "3"])
  })

  it("ends a batch at once where the next prompt would fail for the same reason", async () => {
    await writeFile(folder.file("many.txt"), "a fox\n".repeat(3000))
    const wrong = await run("--batch", "many.txt", "--frames", "7")
    expect(wrong.errors.trim().split("\n")).toEqual([
      "Video 1 of 3000: a fox",
      "Video 1 of 3000: A video of 7 frames cannot be made: the nearest lengths are 1 and 8 frames.",
      "0 of 3000 videos were made.",
    ])
    expect(wrong.code).toBe(2)
    const nowhere = await run("--batch", "many.txt", ...short, "-o", "nowhere/x.mp4", "-q")
    expect(nowhere.errors.trim().split("\n")).toHaveLength(4)
    expect(nowhere.errors).toMatch(/\nThe other 2998 would fail for the same reason\.\n0 of 3000 videos were made\.\n$/)
    expect(nowhere.code).toBe(1)
  })

  it("continues a batch that was stopped: its video by --resume, and the rest by --from", async () => {
    await writeFile(folder.file("three.txt"), "a fox\na cat\na dog\n")
    const batch = ["--batch", "three.txt", "--steps", "20", "--frames", "9", "--seed", "4", "-o", "my clip.mp4"]
    let isSent = false
    const stopped = await auteur(batch, { cwd: folder.path() }, (printed, child) => {
      if (isSent || !/Video 2 of 3[^]*denoise 4\/20/.test(printed)) return
      isSent = true
      child.kill("SIGINT")
    })
    expect(stopped.errors).toMatch(
      /\nStopped\. What is done can be continued: --resume 'my clip-2\.mp4\.auteur'\nThe rest of the batch: the same command with --from 3\n$/,
    )
    expect((await run("--resume", "my clip-2.mp4.auteur")).output).toBe("my clip-2.mp4  (seed 4)\n")
    expect((await run(...batch, "--from", "3")).output).toBe("my clip-3.mp4  (seed 4)\n")
  })

  it("prints events as JSON lines for programs, with the pictures of --preview", async () => {
    const { output } = await run("a fox", "--steps", "2", "--seed", "1", "--json", "--preview", "-o", "json.mp4")
    const events = output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; png?: string })
    expect(events.map(({ type }) => type)).toEqual([
      "text-end",
      "step-start",
      "step-end",
      "preview",
      "step-start",
      "step-end",
      "decode-progress",
      "decode-progress",
      "video-end",
      "file",
    ])
    expect(Buffer.from(events[3]!.png!, "base64").subarray(1, 4).toString()).toBe("PNG")
  })

  it("makes the video of a prompt that is too long, and with --quiet says only what was cut", async () => {
    const { code, errors, output } = await run(
      `a fox ${"and a cat ".repeat(200)}`,
      ...short,
      "-q",
      "-o",
      "cut-prompt.mp4",
    )
    expect(code).toBe(0)
    expect(errors).toMatch(/^The prompt is too long; this end of it is not used: ".*and a cat"\n$/)
    expect(output).toBe("")
    expect(existsSync(folder.file("cut-prompt.mp4"))).toBe(true)
    expectClearErrors(errors)
  })

  it("says that a terminal is not known to show pictures", async () => {
    const { code, errors } = await run("a fox", ...short, "--preview", "-q", "-o", "preview.mp4")
    expect(errors).toBe("This terminal is not known to show pictures, so --preview shows none.\n")
    expect(code).toBe(0)
  })
})
