import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { readVideo } from "@auteur/media"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { pixels, tiny } from "../../test/small-requests.ts"
import type { GeneratedVideo } from "./generated-video.ts"
import { type Model, openModel } from "./open-model.ts"

let folder = ""
let model: Model
let video: GeneratedVideo
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "auteur-video-"))
  model = await openModel("emoji-world")
  video = await model.generate("a fox", { ...tiny, frames: 9, negativePrompt: "a cat" })
})
afterAll(async () => {
  await model.close()
  await rm(folder, { recursive: true })
})

describe("a video", () => {
  it("has its frames, its settings and its seed", () => {
    expect(video).toMatchObject({ width: 64, height: 64, fps: 8, seed: 7, truncated: undefined, notice: undefined })
    expect(video.tensor.shape).toEqual([1, 9, 64, 64, 3])
    expect(video.frames.length).toBe(9)
    expect(video.frames[1]!.data).toEqual(pixels(video).subarray(64 * 64 * 3, 2 * 64 * 64 * 3))
    expect(video.metadata).toMatchObject({
      prompt: "a fox",
      negativePrompt: "a cat",
      seed: "7",
      frames: "9",
      upscale: "4",
    })
  })

  it.each(["mp4", "webp", "gif"] as const)("is the same in memory as in a file: %s", async (kind) => {
    const path = join(folder, `fox.${kind}`)
    await video.save(path)
    const { bytes, mediaType } = await video.encode(kind)
    expect(Buffer.from(bytes).equals(await readFile(path))).toBe(true)
    const blob = await video.toBlob(kind)
    expect(blob.type).toBe(mediaType)
    expect(Buffer.from(await blob.arrayBuffer()).equals(bytes)).toBe(true)
    const stream = new Uint8Array(await new Response(video.toReadableStream(kind)).arrayBuffer())
    expect(Buffer.from(stream).equals(bytes)).toBe(true)
    expect((await readVideo(path)).metadata).toEqual(video.metadata)
  })

  it("is written as it is asked for, and says so in the file", async () => {
    await video.save(join(folder, "frames/"))
    expect((await readdir(join(folder, "frames"))).length).toBe(9)
    const [fine, coarse] = [await video.encode("mp4", { quality: 100 }), await video.encode("mp4", { quality: 10 })]
    expect(fine.bytes.length).toBeGreaterThan(2 * coarse.bytes.length)
    const { bytes } = await video.encode("webp", { fps: 20, upscale: 1 })
    const read = await readVideo(bytes)
    expect(read.video.shape).toEqual([1, 9, 64, 64, 3])
    expect(read.metadata).toEqual({ ...video.metadata, fps: "20", upscale: "1" })
    const one = await model.generate("a fox", tiny)
    expect((await one.encode("png")).mediaType).toBe("image/png")
  })

  it("of a long prompt has the end that did not fit", async () => {
    const { truncated } = await model.generate(`${"dragon ".repeat(23)}and a penguin`, tiny)
    expect(truncated).toMatch(/and a penguin$/)
  })
})
