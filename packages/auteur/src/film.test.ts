import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { execFile } from "node:child_process"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { MediaError, ModelError, RequestError, Tensor } from "@auteur/core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Auteur, auteur } from "./film.ts"
import { readVideo } from "@auteur/media"

let folder = ""
let film: Auteur
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "auteur-film-"))
  film = await auteur()
})
afterAll(async () => {
  await film.close()
  await rm(folder, { recursive: true })
})
const small = { steps: 2, frames: 9, seed: 7 }

describe("auteur()", () => {
  it("runs the example of its documentation", async () => {
    const source = await readFile(new URL("film.ts", import.meta.url), "utf8")
    const example = /@example\n((?: \* ?.*\n)+?) \*\//.exec(source)![1]!.replaceAll(/^ \* ?/gm, "")
    const index = JSON.stringify(new URL("index.ts", import.meta.url).href)
    const script = join(folder, "example.ts")
    await writeFile(script, example.replace('"auteur"', index))
    const { stdout } = await promisify(execFile)(process.execPath, [script], { cwd: folder })
    expect(stdout).toBe("1 of 4\n2 of 4\n3 of 4\n4 of 4\n")
    for (const name of ["fox.mp4", "bus.mp4"]) {
      expect((await readVideo(join(folder, name))).video.shape).toEqual([1, 9, 256, 256, 3])
    }
  })

  it("says which model is open", () => {
    expect(film.model.name).toBe("emoji-world")
    expect(film.model.path).toBe(fileURLToPath(new URL("../../../models/emoji-world", import.meta.url)))
    expect(film.fps).toBe(8)
  })

  it("rejects with a ModelError when the model cannot be opened", async () => {
    await expect(auteur({ model: "emoji-wrold" })).rejects.toThrow(ModelError)
  })

  it("refuses everything once it is closed, and closes what runs", async () => {
    const closed = await auteur()
    const running = closed.generate("a fox", { steps: 500 })
    const events = running.events[Symbol.asyncIterator]()
    await events.next()
    await closed.close()
    await expect(running).rejects.toMatchObject({ name: "AbortError", message: "The film was closed." })
    await expect(closed.generate("a fox", small)).rejects.toMatchObject({ message: "The film was closed." })
  })
})

describe("a job", () => {
  it("gives equal frames for equal seeds, with the settings in the metadata", async () => {
    const video = await film.generate("a fox", small)
    expect(video).toMatchObject({ width: 64, height: 64, fps: 8, seed: 7, truncated: undefined })
    expect(video.metadata).toMatchObject({ prompt: "a fox", seed: "7", steps: "2", frames: "9", model: "emoji-world" })
    expect(video.frames.length).toBe(9)
    const again = await film.generate("a fox", small)
    expect(again.tensor.values()).toEqual(video.tensor.values())
    const other = await film.generate("a fox", { ...small, seed: 8 })
    expect(other.tensor.values()).not.toEqual(video.tensor.values())
  })

  it("runs once, however often it is awaited and followed", async () => {
    const job = film.generate("a fox", small)
    const types: Array<string> = []
    for await (const event of job.events) types.push(event.type)
    expect(types).toEqual([
      "text-end",
      "step-start",
      "step-end",
      "step-start",
      "step-end",
      "decode-progress",
      "video-end",
    ])
    expect(await job).toBe(await job)
  })

  it("stops when its loop is left", async () => {
    const job = film.generate("a fox", { ...small, steps: 500 })
    for await (const event of job.events) if (event.type === "step-end") break
    await expect(job).rejects.toMatchObject({ name: "AbortError" })
  })

  it("stops when it is told to, and its loop says so", async () => {
    const job = film.generate("a fox", { ...small, steps: 500 })
    const follow = async () => {
      for await (const event of job.events) if (event.type === "step-start" && event.index === 2) job.stop()
    }
    await expect(follow()).rejects.toMatchObject({ name: "AbortError" })
  })

  it("rejects with the reason of its signal", async () => {
    const controller = new AbortController()
    const job = film.generate("a fox", { ...small, steps: 500, signal: controller.signal })
    const reason = new Error("no longer wanted")
    setTimeout(() => controller.abort(reason), 50)
    await expect(job).rejects.toBe(reason)
    await expect(film.generate("a fox", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it("rejects with tagged errors, in its loop too", async () => {
    await expect(film.generate("")).rejects.toThrow(RequestError)
    await expect(film.generate("a fox", { frames: 7 })).rejects.toMatchObject({
      _tag: "RequestError",
      message: "A video of 7 frames cannot be made: the nearest lengths are 1 and 8 frames.",
    })
    const events = film.generate("a fox", { video: "nothing.mp4" }).events[Symbol.asyncIterator]()
    await expect(events.next()).rejects.toThrow(MediaError)
  })

  it("does nothing before it is awaited or followed", async () => {
    const job = film.generate("")
    await new Promise((resolve) => setTimeout(resolve, 50))
    await expect(job).rejects.toThrow(RequestError)
  })

  it("starts from frames in memory, and from a file, which is resized and cut", async () => {
    const grey = Tensor.from(
      "batch frames height width channels",
      [1, 9, 64, 64, 3],
      new Uint8Array(9 * 64 * 64 * 3).fill(128),
      "uint8",
    )
    const made = await film.generate("a fox", { video: grey, strength: 0.5, steps: 4, seed: 1 })
    expect(made.tensor.shape).toEqual([1, 9, 64, 64, 3])
    expect(made.metadata).toMatchObject({ strength: "0.5", video: "given as frames" })

    const long = await film.generate("a fox", { steps: 1, guidance: 1, frames: 25, seed: 1 })
    await long.save(join(folder, "long.gif"), { scale: 1, fps: 20 })
    const cut = await film.generate("a cat", { video: join(folder, "long.gif"), width: 32, height: 32, steps: 2 })
    expect(cut).toMatchObject({ width: 32, height: 32, fps: 20 })
    expect(cut.frames.length).toBe(17)
  })
})

describe("a video", () => {
  it("is written with what it was made of, which makes it again", async () => {
    const video = await film.generate("a fox", { ...small, negative: "a cat", guidance: 3 })
    await video.save(join(folder, "fox.webp"))
    const { metadata } = await readVideo(join(folder, "fox.webp"))
    expect(metadata).toEqual(video.metadata)
    expect(metadata).toMatchObject({ negative: "a cat", guidance: "3", scale: "4", fps: "8", size: "64x64" })
  })

  it("rejects with a MediaError that names the path where it cannot be written", async () => {
    const video = await film.generate("a fox", small)
    await expect(video.save(join(folder, "fox.docx"))).rejects.toThrow(MediaError)
    await expect(video.save(join(folder, "nowhere", "fox.mp4"))).rejects.toThrow("nowhere does not exist")
  })
})

it("an estimate names the stages and counts every step", async () => {
  const [few, many] = [await film.estimate("a fox", { steps: 5 }), await film.estimate("a fox", { steps: 10 })]
  expect(few.stages.map(({ name }) => name)).toEqual(["load", "text", "denoise", "decode"])
  expect(many.stages[2]!.seconds / few.stages[2]!.seconds).toBeCloseTo(2)
  expect(few.peakBytes).toBe(Math.max(...few.stages.map(({ bytes }) => bytes)))
})
