import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { MediaError, Tensor } from "@auteur/core"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import animations from "../test/golden/animations.json" with { type: "json" }
import images from "../test/golden/images.json" with { type: "json" }
import { movingSquare, psnr } from "../test/moving-square.ts"
import { encodePng, encodeVideo } from "./encode.ts"
import { orient } from "./image/orient.ts"
import { readMetadata, readVideo } from "./read-video.ts"
import { resizeImage } from "./image/resize-image.ts"
import type { RgbFrame } from "./image/rgb-frame.ts"
import { toFrames } from "./video-writer.ts"

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "auteur-media-"))
})
afterEach(() => rm(folder, { recursive: true }))

const golden = (name: string): string => new URL(`../test/golden/videos/${name}`, import.meta.url).pathname
const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"))
const framesOf = async (source: string | Uint8Array): Promise<ReadonlyArray<RgbFrame>> =>
  toFrames((await readVideo(source)).video)

const rejection = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => {
      throw new Error("nothing was refused")
    },
    (cause: unknown) => {
      expect(cause).toBeInstanceOf(MediaError)
      return (cause as MediaError).message
    },
  )

const small = movingSquare(5, 32, 24)
const written = async (kind: "mp4" | "webp" | "gif"): Promise<Uint8Array> =>
  (await encodeVideo(kind, small, { fps: 8, metadata: { prompt: "a fox" } })).bytes

describe("videos of other programs", () => {
  const expected = async (): Promise<ReadonlyArray<RgbFrame>> => {
    const bytes = new Uint8Array(gunzipSync(await readFile(golden("slices.rgb.gz"))))
    return Array.from({ length: 6 }, (_, i) => ({
      width: 48,
      height: 32,
      data: bytes.subarray(i * 48 * 32 * 3, (i + 1) * 48 * 32 * 3),
    }))
  }

  it("MP4 of several slices a frame is decoded as ffmpeg does", async () => {
    const { video, fps } = await readVideo(golden("slices.mp4"))
    expect([video.shape, fps]).toEqual([[1, 6, 32, 48, 3], 10])
    const frames = await expected()
    for (const [i, frame] of toFrames(video).entries()) expect(psnr(frame.data, frames[i]!.data)).toBeGreaterThan(50)
  })

  it.each(["fragments.mp4", "matroska.mkv"])("%s gives all its frames", async (name) => {
    const { video, fps } = await readVideo(golden(name))
    expect([video.shape, fps]).toEqual([[1, 6, 32, 48, 3], 10])
    expect(psnr(toFrames(video)[5]!.data, (await expected())[5]!.data)).toBeGreaterThan(24)
  })

  it.each([
    ["rotated-90.mp4", 8],
    ["rotated-270.mp4", 6],
  ])("%s is upright, as ffmpeg shows it", async (name, orientation) => {
    const [plain, turned] = [await framesOf(golden("slices.mp4")), await framesOf(golden(name))]
    expect(turned[0]).toEqual(orient(plain[0]!, orientation))
  })

  it("an edit list cuts the first frames off", async () => {
    const [plain, cut] = [await framesOf(golden("slices.mp4")), await framesOf(golden("edited.mp4"))]
    expect(cut).toEqual(plain.slice(-cut.length))
    expect(cut.length).toBeLessThan(3)
  })

  it.each([
    ["high.mp4", "H.264 in the High profile"],
    ["vp8.webm", "VP8"],
    ["vp9.webm", "VP9"],
  ])("%s names its codec and the package to add", async (name, codec) => {
    expect(await rejection(readVideo(golden(name)))).toBe(
      `${golden(name)} cannot be read. This video is coded with ${codec}, which needs native codecs: ` +
        `add them with "npm install @mediabunny/server", or convert the video to MP4 with H.264 in the Baseline profile.`,
    )
  })

  it("an unknown codec and a file with sound only are told", async () => {
    expect(await rejection(readVideo(golden("unknown.mp4")))).toContain("a codec that is not known here")
    expect(await rejection(readVideo(golden("sound.m4a")))).toContain("It has no video in it")
  })
})

describe("animations", () => {
  it.each(animations)("$name looks as it should", async ({ file, frames, width, height }) => {
    const { video } = await readVideo(bytesOf(file))
    expect(video.shape).toEqual([1, frames.length, height, width, 3])
    for (const [i, { data }] of toFrames(video).entries()) {
      const expected = bytesOf(frames[i]!)
      const most = Math.max(...data.map((value, k) => Math.abs(value - expected[k]!)))
      // Blending rounds once more or less.
      expect(most).toBeLessThanOrEqual(2)
    }
  })
})

describe("pictures", () => {
  it("a PNG or JPEG file is a video of one frame", async () => {
    const jpeg = images.find(({ name }) => /jpe?g/i.test(name))!
    expect((await readVideo(bytesOf(jpeg.file))).video.shape.slice(0, 2)).toEqual([1, 1])
    expect((await framesOf(encodePng(small[0]!).bytes))[0]).toEqual(small[0])
  })

  it("a folder is read in the order of its numbers, other files in it aside", async () => {
    for (const [i, frame] of small.entries()) {
      await writeFile(join(folder, `shot-${i + 8}.PNG`), encodePng(frame).bytes)
    }
    await writeFile(join(folder, "notes.txt"), "hello")
    await writeFile(join(folder, ".hidden.png"), "hello")
    const { video, fps, metadata } = await readVideo(folder)
    expect(toFrames(video)).toEqual(small)
    expect([fps, metadata]).toEqual([undefined, {}])
  })

  it("a folder without pictures, with a damaged one or with sizes that differ is refused", async () => {
    expect(await rejection(readVideo(folder))).toContain("This folder has no frames")
    await writeFile(join(folder, "1.png"), encodePng(small[0]!).bytes)
    await writeFile(join(folder, "2.png"), encodePng(resizeImage(small[0]!, 8, 8)).bytes)
    expect(await rejection(readVideo(folder))).toContain("Frame 2 is 8×8, and the first is 32×24: give the size")
    expect((await readVideo(folder, { size: { width: 16, height: 16 } })).video.shape).toEqual([1, 2, 16, 16, 3])
    await writeFile(join(folder, "2.png"), "nothing")
    expect(await rejection(readVideo(folder))).toContain(
      "2.png in it cannot be used as a frame: This is not an image of a known kind",
    )
  })
})

describe.each(["mp4", "webp", "gif"] as const)("%s", (kind) => {
  it("is known by its bytes, whatever its name ends in", async () => {
    const path = join(folder, "clip.txt")
    await writeFile(path, await written(kind))
    expect((await readVideo(path)).video.shape).toEqual([1, 5, 24, 32, 3])
    expect(await readMetadata(path)).toEqual({ prompt: "a fox" })
  })

  it("is cut to maxFrames and resized to size", async () => {
    const bytes = await written(kind)
    const whole = await framesOf(bytes)
    const { video } = await readVideo(bytes, { maxFrames: 2, size: { width: 16, height: 20 } })
    expect(toFrames(video)).toEqual(whole.slice(0, 2).map((frame) => resizeImage(frame, 16, 20)))
    expect(await rejection(readVideo(bytes, { maxFrames: 0 }))).toContain("maxFrames is 0; it must be an integer")
    expect(await rejection(readVideo(bytes, { size: { width: 0, height: 9 } }))).toContain("cannot be resized to 0×9")
  })

  it("is refused when it is cut off, wherever that is", async () => {
    const bytes = await written(kind)
    for (let part = 1; part < 20; part++) {
      const message = await rejection(readVideo(bytes.slice(0, Math.floor((bytes.length * part) / 20))))
      expect(message).toMatch(/cannot be read\. .*(cut off|no video|no frames)/)
    }
  })

  it("gives frames or one clear error when its bytes are damaged", async () => {
    const bytes = await written(kind)
    let seed = 7
    const random = (below: number): number => {
      seed = (seed * 48271) % 2147483647
      return seed % below
    }
    for (let trial = 0; trial < 60; trial++) {
      const damaged = bytes.slice()
      for (let i = 0; i <= trial / 10; i++) damaged[random(trial % 2 === 0 ? 200 : bytes.length)] = random(256)
      const outcome = await readVideo(damaged, { maxFrames: 8 }).then(
        ({ video }) => `${video.length("frames")} frames`,
        (cause: unknown) => (cause instanceof MediaError ? cause.message : `${cause}`),
      )
      expect(outcome).toMatch(/^\d frames$|^The video cannot be read\. .{10,}/)
    }
  })
})

describe("metadata", () => {
  it("that another program has damaged is told by readMetadata, and does not keep the frames from being read", async () => {
    const bytes = await written("mp4")
    bytes[Buffer.from(bytes).indexOf('{"prompt"')] = 0x5b
    expect((await readVideo(bytes)).metadata).toEqual({})
    expect(await rejection(readMetadata(bytes))).toContain('The metadata named "auteur" of this file cannot be read')
  })

  it("is nothing in files of others", async () => {
    for (const name of ["slices.mp4", "matroska.mkv", "high.mp4"]) expect(await readMetadata(golden(name))).toEqual({})
    for (const { file } of animations) expect(await readMetadata(bytesOf(file))).toEqual({})
  })
})

describe("what is not a video", () => {
  it.each([
    ["nothing", "", "This file is empty."],
    ["text", "hello, I am a text file of some length that says nothing", "This is not a video of a known kind"],
    ["PDF", "%PDF-1.7 and more", "This is PDF, which is not a video"],
    ["HTML", "<!doctype html><p>Not found", "This is SVG or HTML text, which is not a video"],
  ])("%s is refused", async (_, text, message) => {
    const path = join(folder, "clip.mp4")
    await writeFile(path, text)
    expect(await rejection(readVideo(path))).toContain(`${path} cannot be read. ${message}`)
  })

  it("a path that leads nowhere is refused", async () => {
    expect(await rejection(readVideo(join(folder, "none.mp4")))).toContain("There is no such file: check the path.")
    await mkdir(join(folder, "empty"))
    expect(await rejection(readMetadata(join(folder, "empty")))).toContain("This folder has no frames")
  })

  it("huge pictures are refused before they are unpacked", async () => {
    const gif = await written("gif")
    gif.set([0xff, 0xff, 0xff, 0xff], 6)
    expect(await rejection(readVideo(gif))).toContain(
      "This image is 65535×65535; the largest that is read has 100 megapixels",
    )
    const webp = await written("webp")
    webp.set([0xff, 0xff, 0, 0xff, 0xff, 0], 24)
    expect(await rejection(readVideo(webp))).toContain("This image is 65536×65536")
  })

  it("more frames than the memory holds are refused with the settings that help", async () => {
    const options = { size: { width: 40_000, height: 20_000 } }
    expect(await rejection(readVideo(encodePng(small[0]!).bytes, options))).toContain(
      "This video needs more than 2 GB of memory: give a lower maxFrames or a smaller size.",
    )
  })
})

it("gives a tensor of whole bytes that writers take", async () => {
  const { video } = await readVideo(await written("gif"))
  expect(video).toBeInstanceOf(Tensor)
  expect([video.dtype, video.isContiguous]).toEqual(["uint8", true])
})
