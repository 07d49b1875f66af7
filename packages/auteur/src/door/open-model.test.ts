import { execFile } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { MediaError, ModelError, RequestError, Tensor } from "@auteur/core"
import { encodeGif, encodePng, readVideo } from "@auteur/media"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { AbortError } from "./tagged-error.ts"
import { type Model, openModel } from "./open-model.ts"

let folder = ""
let model: Model
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "auteur-model-"))
  model = await openModel("emoji-world")
})
afterAll(async () => {
  await model.close()
  await rm(folder, { recursive: true })
})
const small = { steps: 2, frames: 9, seed: 7 }

describe("openModel()", () => {
  it("runs the example of its documentation", async () => {
    const source = await readFile(new URL("open-model.ts", import.meta.url), "utf8")
    const example = /@example\n((?: \* ?.*\n)+?) \*\//.exec(source)![1]!.replaceAll(/^ \* ?/gm, "")
    const index = JSON.stringify(new URL("../index.ts", import.meta.url).href)
    const script = join(folder, "example.ts")
    await writeFile(script, example.replace('"auteur"', index))
    const { stdout } = await promisify(execFile)(process.execPath, [script], { cwd: folder })
    expect(stdout).toBe("1 of 4\n2 of 4\n3 of 4\n4 of 4\n")
    for (const name of ["fox.mp4", "bus.mp4"]) {
      expect((await readVideo(join(folder, name))).video.shape).toEqual([1, 9, 256, 256, 3])
    }
  })

  it("says which model is open", () => {
    expect(model.name).toBe("emoji-world")
    expect(model.path).toBe(fileURLToPath(new URL("../../../../models/emoji-world", import.meta.url)))
    expect(model.fps).toBe(8)
  })

  it("rejects with a ModelError when the model cannot be opened", async () => {
    await expect(openModel("emoji-wrold")).rejects.toThrow(ModelError)
  })

  it("refuses everything once it is closed, and aborts what runs", async () => {
    const closed = await openModel("emoji-world")
    const running = closed.stream("a fox", { steps: 500 })
    const events = running[Symbol.asyncIterator]()
    await events.next()
    await closed.close()
    const error = { _tag: "AbortError", name: "AbortError", message: "The model was closed." }
    await expect(running.video).rejects.toMatchObject(error)
    await expect(closed.generate("a fox", small)).rejects.toMatchObject(error)
  })
})

describe("a run", () => {
  it("gives equal frames for equal seeds, with the settings in the metadata", async () => {
    const video = await model.generate("a fox", small)
    expect(video).toMatchObject({ width: 64, height: 64, fps: 8, seed: 7, truncated: undefined })
    expect(video.metadata).toMatchObject({ prompt: "a fox", seed: "7", steps: "2", frames: "9", model: "emoji-world" })
    expect(video.frames.length).toBe(9)
    const again = await model.generate("a fox", small)
    expect(again.tensor.values()).toEqual(video.tensor.values())
    const other = await model.generate("a fox", { ...small, seed: 8 })
    expect(other.tensor.values()).not.toEqual(video.tensor.values())
  })

  const types = ["text-end", "step-start", "step-end", "step-start", "step-end", "decode-progress", "video-end"]
  const typesOf = async (run: AsyncIterable<{ type: string }>) => {
    const types: Array<string> = []
    for await (const { type } of run) types.push(type)
    return types
  }

  it("starts at once, whether or not anybody follows it, and tells the first loop every event", async () => {
    const run = model.stream("a fox", small)
    await new Promise((resolve) => setTimeout(resolve, 20))
    const [first, second] = await Promise.all([typesOf(run), typesOf(run)])
    expect(first).toEqual(types)
    expect(types.join()).toMatch(new RegExp(`${second.join()}$`))
    const video = await run.video
    expect(await run.video).toBe(video)
    expect(await typesOf(run)).toEqual(["video-end"])
  })

  it("is aborted when its loop is left", async () => {
    const run = model.stream("a fox", { ...small, steps: 500 })
    for await (const event of run) if (event.type === "step-end") break
    await expect(run.video).rejects.toThrow(AbortError)
  })

  it("is aborted by abort(), and its loop says so", async () => {
    const run = model.stream("a fox", { ...small, steps: 500 })
    const follow = async () => {
      for await (const event of run) if (event.type === "step-start" && event.index === 2) run.abort()
    }
    await expect(follow()).rejects.toMatchObject({ _tag: "AbortError", message: "The run was aborted." })
    await expect(typesOf(run)).rejects.toThrow(AbortError)
  })

  it("rejects with an AbortError whose cause is the reason of its signal", async () => {
    const controller = new AbortController()
    const running = model.generate("a fox", { ...small, steps: 500, signal: controller.signal })
    const reason = new Error("no longer wanted")
    setTimeout(() => controller.abort(reason), 50)
    const aborted = { _tag: "AbortError", message: "The run was aborted: no longer wanted.", cause: reason }
    await expect(running).rejects.toMatchObject(aborted)
    await expect(model.generate("a fox", { signal: AbortSignal.abort(reason) })).rejects.toMatchObject(aborted)
  })

  it("rejects with tagged errors, in its loop too", async () => {
    await expect(model.generate("")).rejects.toThrow(RequestError)
    await expect(model.generate("a fox", { frames: 7 })).rejects.toMatchObject({
      _tag: "RequestError",
      message: "A video of 7 frames cannot be made: the nearest lengths are 1 and 8 frames.",
    })
    const events = model.stream("a fox", { video: "nothing.mp4" })[Symbol.asyncIterator]()
    await expect(events.next()).rejects.toThrow(MediaError)
  })

  it("starts from frames in memory, and from a file, which is resized and cut", async () => {
    const grey = Tensor.from(
      "batch frames height width channels",
      [1, 9, 64, 64, 3],
      new Uint8Array(9 * 64 * 64 * 3).fill(128),
      "uint8",
    )
    const made = await model.generate("a fox", { video: grey, strength: 0.5, steps: 4, seed: 1 })
    expect(made.tensor.shape).toEqual([1, 9, 64, 64, 3])
    expect(made.metadata).toMatchObject({ strength: "0.5", video: "given as frames" })

    const long = await model.generate("a fox", { steps: 1, guidanceScale: 1, frames: 25, seed: 1 })
    await long.save(join(folder, "long.gif"), { upscale: 1, fps: 20 })
    const cut = await model.generate("a cat", { video: join(folder, "long.gif"), width: 32, height: 32, steps: 2 })
    expect(cut).toMatchObject({ width: 32, height: 32, fps: 20 })
    expect(cut.frames.length).toBe(17)
    expect(cut.notice).toBe("Of long.gif, the first 17 frames are used.")
  })
})

describe("a clip of a few frames", () => {
  it("keeps its last one until there are as many as a video has, and says so", async () => {
    const colours = Array.from({ length: 7 }, (_, i) => ({
      width: 64,
      height: 64,
      data: new Uint8Array(64 * 64 * 3).fill(i * 30),
    }))
    const { bytes } = await encodeGif(colours, { fps: 10 })
    const made = await model.generate("a fox", { video: bytes, strength: 0.5, steps: 2, seed: 1 })
    expect(made.frames.length).toBe(8)
    expect(made.notice).toBe("given as bytes: It has only 7 frames, and its last is repeated until there are 8.")
    const last = colours.at(-1)!
    const longer = await encodeGif([...colours, last], { fps: 10 })
    const same = await model.generate("a fox", { video: longer.bytes, strength: 0.5, steps: 2, seed: 1 })
    expect(same.tensor.values()).toEqual(made.tensor.values())
  })

  it("of a still picture stays a still picture", async () => {
    const { bytes } = encodePng({ width: 64, height: 64, data: new Uint8Array(64 * 64 * 3).fill(90) })
    expect((await model.generate("a fox", { video: bytes, strength: 0.5, steps: 2 })).frames.length).toBe(1)
  })
})

describe("a video", () => {
  it("is written with what it was made of, which makes it again", async () => {
    const video = await model.generate("a fox", { ...small, negativePrompt: "a cat", guidanceScale: 3 })
    await video.save(join(folder, "fox.webp"))
    const { metadata } = await readVideo(join(folder, "fox.webp"))
    expect(metadata).toEqual(video.metadata)
    expect(metadata).toMatchObject({
      negativePrompt: "a cat",
      guidanceScale: "3",
      upscale: "4",
      fps: "8",
      width: "64",
      height: "64",
    })
  })

  it("rejects with a MediaError that names the path where it cannot be written", async () => {
    const video = await model.generate("a fox", small)
    await expect(video.save(join(folder, "fox.docx"))).rejects.toThrow(MediaError)
    await expect(video.save(join(folder, "nowhere", "fox.mp4"))).rejects.toThrow("nowhere does not exist")
  })
})

it("an estimate names the stages and counts every step", async () => {
  const [few, many] = [await model.estimate("a fox", { steps: 5 }), await model.estimate("a fox", { steps: 10 })]
  expect(few.stages.map(({ name }) => name)).toEqual(["load", "text", "denoise", "decode"])
  expect(many.stages[2]!.seconds / few.stages[2]!.seconds).toBeCloseTo(2)
  expect(few.peakBytes).toBe(Math.max(...few.stages.map(({ bytes }) => bytes)))
})
