import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type MediaError, Tensor, type Video, type VideoSpec, VideoReader, VideoWriter } from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { encode } from "fast-png"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { movingSquare, psnr } from "../test/moving-square.ts"
import type { RgbFrame } from "./image/rgb-frame.ts"
import { videoReaderLayer } from "./video-reader.ts"
import { toFrames, videoWriterLayer } from "./video-writer.ts"

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "auteur-media-"))
})
afterEach(() => rm(folder, { recursive: true }))

const [WIDTH, HEIGHT] = [64, 48]
const frames = movingSquare(17, WIDTH, HEIGHT)

const toVideo = (pictures: ReadonlyArray<RgbFrame>): Video => {
  const [{ width, height, data }] = pictures as [RgbFrame]
  const bytes = new Uint8Array(pictures.length * data.length)
  pictures.forEach((picture, i) => bytes.set(picture.data, i * data.length))
  return Tensor.from("batch frames height width channels", [1, pictures.length, height, width, 3], bytes, "uint8")
}

const run = <A, E>(effect: Effect.Effect<A, E, VideoReader | VideoWriter>): Promise<A> =>
  Effect.runPromise(effect.pipe(Effect.provide(Layer.mergeAll(videoReaderLayer, videoWriterLayer))))

const write = (path: string, plan: Partial<VideoSpec> = {}, videos: ReadonlyArray<Video> = [toVideo(frames)]) =>
  run(
    Effect.gen(function* () {
      const writer = yield* VideoWriter
      yield* writer.write(path, Stream.fromIterable(videos), { fps: 8, upscale: 1, ...plan })
    }),
  )
const check = (path: string, plan: Partial<VideoSpec> = {}) =>
  run(VideoWriter.use((writer) => writer.check(path, { fps: 8, upscale: 1, ...plan })))
const read = (path: string) => run(VideoReader.use((reader) => reader.read(path)))

const rejection = (work: Promise<unknown>, tag: "MediaError" | "RequestError" = "MediaError"): Promise<string> =>
  work.then(
    () => {
      throw new Error("nothing was refused")
    },
    (cause: unknown) => {
      expect(cause).toMatchObject({ _tag: tag })
      return (cause as MediaError).message
    },
  )

const metadata = { prompt: "a „Füchsin“ 🦊 & <cats> \"on\" 'ice'\n", seed: "18446744073709551615", sampler: "ddim" }

describe.each([
  ["clip.mp4", 36],
  ["clip.webp", 26],
  ["clip.gif", 32],
  ["clip/", Infinity],
])("%s", (name, least) => {
  it("comes back: the frames in their order, the rate and the metadata", async () => {
    const path = join(folder, name)
    await check(path, { metadata, frames: 17, width: WIDTH, height: HEIGHT })
    // In two parts, as a decoder gives them.
    await write(path, { metadata }, [toVideo(frames.slice(0, 9)), toVideo(frames.slice(9))])
    const file = await read(path)
    expect(file.fps).toBe(8)
    expect(file.metadata).toEqual(metadata)
    expect(await run(VideoReader.use((reader) => reader.readMetadata(path)))).toEqual(metadata)
    const back = toFrames(file.video)
    expect(file.video.shape).toEqual([1, 17, HEIGHT, WIDTH, 3])
    for (const [i, frame] of back.entries()) {
      const likeness = frames.map((other) => psnr(frame.data, other.data))
      expect(likeness.indexOf(Math.max(...likeness))).toBe(i)
      expect(likeness[i]).toBeGreaterThanOrEqual(least)
    }
    expect(await readdir(folder)).toEqual([name.replace("/", "")])
  })

  it("has no metadata when none is given, and the same bytes each time", async () => {
    const bytesOf = async (path: string): Promise<ReadonlyArray<Buffer>> =>
      path.endsWith("/")
        ? Promise.all((await readdir(path)).toSorted().map((file) => readFile(join(path, file))))
        : [await readFile(path)]
    const [a, b] = [join(folder, "a", name), join(folder, "b", name)]
    for (const path of [a, b]) {
      await mkdir(join(path, ".."))
      await write(path)
    }
    expect((await read(a)).metadata).toEqual({})
    expect(await bytesOf(a)).toEqual(await bytesOf(b))
  })

  it("is enlarged by scale", async () => {
    const path = join(folder, name)
    await write(path, { upscale: 3 }, [toVideo(frames.slice(0, 2))])
    expect((await read(path)).video.shape).toEqual([1, 2, HEIGHT * 3, WIDTH * 3, 3])
  })

  it("is not there at all when the frames fail or none come", async () => {
    const path = join(folder, name)
    const failing = Stream.concat(Stream.make(toVideo(frames)), Stream.fail(new Error("no more")))
    const exit = await run(
      Effect.exit(VideoWriter.use((writer) => writer.write(path, failing, { fps: 8, upscale: 1 }))),
    )
    expect(Exit.isFailure(exit)).toBe(true)
    expect(await rejection(write(path, {}, []))).toBe("A video needs at least one frame, and none was written.")
    expect(await readdir(folder)).toEqual([])
  })

  it("is refused before the work when its settings or its metadata cannot be", async () => {
    const path = join(folder, name)
    expect(await rejection(check(path, { fps: 0 }), "RequestError")).toContain("fps is 0")
    expect(await rejection(check(path, { width: 5000 }), "RequestError")).toContain("width is 5000")
    expect(await rejection(check(path, { metadata: { prompt: "x".repeat(300_000) } }), "RequestError")).toContain(
      "shorten it",
    )
    expect(await rejection(check(join(folder, "nowhere", name)))).toContain("does not exist")
  })
})

describe("a PNG file", () => {
  it("holds one frame and its metadata", async () => {
    const path = join(folder, "still.png")
    await write(path, { metadata }, [toVideo(frames.slice(0, 1))])
    const { video, metadata: back } = await read(path)
    expect(toFrames(video)[0]!.data).toEqual(frames[0]!.data)
    expect(back).toEqual(metadata)
  })

  it("is refused for more frames, before the work where that is known", async () => {
    const path = join(folder, "still.png")
    const message = "A PNG file holds one picture, and this video has more: end the name in / for a folder of pictures"
    expect(await rejection(check(path, { frames: 17 }), "RequestError")).toContain(message)
    expect(await rejection(write(path))).toContain(message)
    expect(await readdir(folder)).toEqual([])
  })
})

describe("a folder of frames", () => {
  it("takes the place of an empty folder and of earlier frames, also of more of them", async () => {
    const path = join(folder, "clip/")
    await mkdir(path)
    await check(path)
    await write(path)
    await check(path)
    await write(path, {}, [toVideo(frames.slice(0, 2))])
    expect(await readdir(path)).toEqual(["frame-0001.png", "frame-0002.png"])
    expect(await readdir(folder)).toEqual(["clip"])
  })

  it("is written through a link, also to a folder that is not there yet", async () => {
    await symlink("frames", join(folder, "link"))
    const path = join(folder, "link/")
    for (const count of [3, 2]) {
      await check(path)
      await write(path, {}, [toVideo(frames.slice(0, count))])
      expect(await readdir(join(folder, "frames"))).toHaveLength(count)
    }
    expect(await readdir(folder)).toEqual(["frames", "link"])
  })

  it("never takes the place of another program's frames", async () => {
    const path = join(folder, "clip/")
    await write(path, {}, [toVideo(frames.slice(0, 2))])
    const theirs = encode({ width: 1, height: 1, data: new Uint8Array(3), channels: 3 })
    await writeFile(join(path, "frame-0003.png"), theirs)
    const message = "the folder holds other files, such as frame-0003.png. Name a new folder."
    expect(await rejection(check(path))).toContain(message)
    expect(await rejection(write(path))).toContain(message)
    expect(await readdir(path)).toHaveLength(3)
  })

  it("never takes the place of a folder with other files, or of a file", async () => {
    const path = join(folder, "clip/")
    await mkdir(path)
    await writeFile(join(path, "diary.txt"), "dear")
    expect(await rejection(check(path))).toContain(
      "the folder holds other files, such as diary.txt. Name a new folder.",
    )
    expect(await rejection(write(path))).toContain("diary.txt")
    expect(await readdir(folder)).toEqual(["clip"])
    expect(await readdir(path)).toEqual(["diary.txt"])
    await writeFile(join(folder, "file"), "")
    expect(await rejection(check(join(folder, "file/")))).toContain("it is a file, not a folder")
  })
})

describe("exclusive", () => {
  it.each(["fox.mp4", "fox/"])(
    "adds a number to %s in place of replacing what appeared in the meantime",
    async (name) => {
      const path = join(folder, name)
      const taken = Effect.promise(() => (name.endsWith("/") ? mkdir(path) : writeFile(path, "theirs")))
      const videos = Stream.concat(Stream.make(toVideo(frames.slice(0, 2))), Stream.fromEffectDrain(taken))
      const format = { fps: 8, upscale: 1, exclusive: true }
      const written = await run(VideoWriter.use((writer) => writer.write(path, videos, format)))
      expect(written).toBe(join(folder, name.replace("fox", "fox-2")))
      expect((await read(written)).video.length("frames")).toBe(2)
      expect(await (name.endsWith("/") ? readdir(path) : readFile(path, "utf8"))).toHaveLength(
        name.endsWith("/") ? 0 : 6,
      )
      expect(await readdir(folder)).toHaveLength(2)
    },
  )
})

it("encodes in memory to the bytes of the file", async () => {
  const path = join(folder, "clip.webp")
  await write(path, { metadata })
  const format = { fps: 8, upscale: 1, metadata }
  const encoded = await run(VideoWriter.use((writer) => writer.encode("webp", Stream.make(toVideo(frames)), format)))
  expect(encoded).toEqual({ bytes: new Uint8Array(await readFile(path)), mediaType: "image/webp" })
  expect(await rejection(run(VideoWriter.use((writer) => writer.encode("webp", Stream.empty, format))))).toContain(
    "A video needs at least one frame",
  )
})

describe("the ending", () => {
  it.each([
    ["clip.webm", ".webm files are not written. Please use .mp4, or end the name in .mp4, .webp, .gif or .png"],
    ["clip.JPG", ".jpg files are not written. Please use .png"],
    ["clip.xyz", ".xyz files are not written. Please end the name in .mp4, .webp, .gif or .png (one picture), or in /"],
    ["clip", "its name has no ending that says what to write. Please end the name in .mp4"],
  ])("%s is refused with what to take instead", async (name, message) => {
    const path = join(folder, name)
    expect(await rejection(check(path), "RequestError")).toContain(`Cannot write ${path}: ${message}`)
    expect(await rejection(write(path))).toContain(message)
  })

  it("may be in capitals", async () => {
    const path = join(folder, "CLIP.GIF")
    await write(path)
    expect((await readFile(path)).subarray(0, 6).toString()).toBe("GIF89a")
  })

  it("decides what is refused: odd sizes for MP4 only, fast videos for GIF only", async () => {
    const odd = { width: 15, height: 16 }
    expect(await rejection(check(join(folder, "a.mp4"), odd), "RequestError")).toContain(
      "H.264 needs an even width and height",
    )
    await check(join(folder, "a.gif"), odd)
    await check(join(folder, "a.webp"), odd)
    expect(await rejection(check(join(folder, "a.gif"), { fps: 60 }), "RequestError")).toContain(
      "at most 50 frames a second",
    )
    await check(join(folder, "a.webp"), { fps: 60 })
  })
})
