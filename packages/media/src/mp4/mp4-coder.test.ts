import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { createRequire } from "node:module"
import { MediaError } from "@auteur/core"
import type { H264MP4Encoder } from "h264-mp4-encoder"
import { describe, expect, it } from "vitest"
import { decodeMp4, readSamples, requireBox } from "../../test/decode-mp4.ts"
import { movingSquare, psnr } from "../../test/moving-square.ts"
import { enlarge } from "../image/enlarge.ts"
import { readBoxes } from "./box.ts"
import { encodeVideo, openFrameWriter } from "../encode.ts"
import type { RgbFrame } from "../image/rgb-frame.ts"

const encodeMp4 = async (
  frames: AsyncIterable<RgbFrame> | Iterable<RgbFrame>,
  options: Parameters<typeof encodeVideo>[2],
): Promise<Uint8Array> => (await encodeVideo("mp4", frames, options)).bytes
const TABLE = ["moov", "trak", "mdia", "minf", "stbl"]
const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")
const solid = (width: number, height: number, colour: ReadonlyArray<number>) => ({
  width,
  height,
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => colour[i % 3]!),
})

const rejection = async (work: () => unknown): Promise<string> => {
  try {
    await work()
  } catch (cause) {
    if (cause instanceof MediaError) return cause.message
    throw cause
  }
  throw new Error("nothing was refused")
}

describe("encodeMp4", () => {
  it("keeps each picture in its place and close to what was given", async () => {
    const frames = movingSquare(21, 64, 48)
    const decoded = decodeMp4(await encodeMp4(frames, { width: 64, height: 48, fps: 8 }))
    expect(decoded).toHaveLength(21)
    for (const [i, frame] of decoded.entries()) {
      const likeness = frames.map((other) => psnr(frame.data, other.data))
      expect(likeness.indexOf(Math.max(...likeness))).toBe(i)
      expect(likeness[i]).toBeGreaterThan(36)
    }
  })

  it.each([
    ["red", [255, 0, 0]],
    ["green", [0, 255, 0]],
    ["blue", [0, 0, 255]],
    ["white", [255, 255, 255]],
    ["black", [0, 0, 0]],
    ["skin", [224, 172, 105]],
  ])("keeps %s within 3 of 255 when read as BT.601 in limited range", async (_, colour) => {
    const [frame] = decodeMp4(await encodeMp4([solid(32, 32, colour)], { width: 32, height: 32, fps: 8, quality: 100 }))
    for (const [i, value] of frame!.data.entries()) expect(Math.abs(value - colour[i % 3]!)).toBeLessThanOrEqual(3)
  })

  it("loses less at a higher quality, and makes a larger file", async () => {
    const frames = movingSquare(5, 64, 64)
    const [low, high] = await Promise.all(
      [20, 90].map((quality) => encodeMp4(frames, { width: 64, height: 64, fps: 8, quality })),
    )
    expect(high!.length).toBeGreaterThan(low!.length)
    const last = frames[4]!.data
    expect(psnr(decodeMp4(high!)[4]!.data, last)).toBeGreaterThan(psnr(decodeMp4(low!)[4]!.data, last))
  })

  it("enlarges by scale", async () => {
    const frames = movingSquare(3, 32, 24)
    const decoded = decodeMp4(await encodeMp4(frames, { width: 32, height: 24, fps: 8, upscale: 4 }))
    expect(decoded.map(({ width, height }) => [width, height])).toEqual([
      [128, 96],
      [128, 96],
      [128, 96],
    ])
    expect(psnr(decoded[2]!.data, enlarge(frames[2]!, 4).data)).toBeGreaterThan(30)
  })

  it("shows sizes that are not multiples of 16 without padding", async () => {
    const frame = solid(18, 30, [200, 100, 40])
    const [decoded] = decodeMp4(await encodeMp4([frame], { width: 18, height: 30, fps: 1, quality: 100 }))
    expect([decoded!.width, decoded!.height]).toEqual([18, 30])
    expect(psnr(decoded!.data, frame.data)).toBeGreaterThan(38)
  })

  it("gives equal bytes for equal frames, also from an async source and while others are written", async () => {
    const frames = movingSquare(6, 32, 32)
    const options = { width: 32, height: 32, fps: 8 }
    async function* later() {
      yield* frames
    }
    const files = await Promise.all([
      encodeMp4(frames, options),
      encodeMp4(later(), options),
      encodeMp4(frames, options),
    ])
    expect(new Set(files.map(digest)).size).toBe(1)
    expect(digest(await encodeMp4(movingSquare(6, 32, 32).toReversed(), options))).not.toBe(digest(files[0]!))
  })

  it("puts the index before the frames and no time of day in it", async () => {
    const mp4 = await encodeMp4(movingSquare(2, 16, 16), { width: 16, height: 16, fps: 8 })
    expect(readBoxes(mp4).map((box) => box.type)).toEqual(["ftyp", "moov", "mdat"])
    for (const path of [
      ["moov", "mvhd"],
      ["moov", "trak", "tkhd"],
      ["moov", "trak", "mdia", "mdhd"],
    ]) {
      const header = requireBox(mp4, path)
      expect([header.getUint32(4), header.getUint32(8)]).toEqual([0, 0])
    }
  })

  it("states size, rate, length, colours and the frames at which a player can start", async () => {
    const mp4 = await encodeMp4(movingSquare(40, 48, 32), { width: 48, height: 32, fps: 8 })
    const header = requireBox(mp4, ["moov", "trak", "mdia", "mdhd"])
    const [timescale, duration] = [header.getUint32(12), header.getUint32(16)]
    const times = requireBox(mp4, [...TABLE, "stts"])
    expect([times.getUint32(4), times.getUint32(8)]).toEqual([1, 40])
    expect(timescale / times.getUint32(12)).toBe(8)
    expect(duration / timescale).toBe(5)
    const entry = requireBox(mp4, [...TABLE, "stsd", "avc1"])
    expect([entry.getUint16(24), entry.getUint16(26)]).toEqual([48, 32])
    const colours = requireBox(mp4, [...TABLE, "stsd", "avc1", "colr"])
    expect([colours.getUint16(4), colours.getUint16(6), colours.getUint16(8), colours.getUint8(10)]).toEqual([
      1, 13, 6, 0,
    ])
    const keyFrames = requireBox(mp4, [...TABLE, "stss"])
    const listed = Array.from({ length: keyFrames.getUint32(4) }, (_, i) => keyFrames.getUint32(8 + i * 4))
    const actual = readSamples(mp4).flatMap((sample, i) => ((sample[4]! & 31) === 5 ? [i + 1] : []))
    expect(listed).toEqual(actual)
    expect(listed).toEqual([1, 17, 33])
  })

  it("keeps a fractional rate to a thousandth", async () => {
    const mp4 = await encodeMp4(movingSquare(2, 16, 16), { width: 16, height: 16, fps: 23.976 })
    const timescale = requireBox(mp4, ["moov", "trak", "mdia", "mdhd"]).getUint32(12)
    expect(timescale / requireBox(mp4, [...TABLE, "stts"]).getUint32(12)).toBe(23.976)
  })

  it("leaves nothing in the encoder's file system after 100 videos, broken ones among them", async () => {
    const frame = solid(16, 16, [9, 9, 9])
    const options = { width: 16, height: 16, fps: 8 }
    const { createH264MP4Encoder } = createRequire(import.meta.url)("h264-mp4-encoder") as {
      createH264MP4Encoder: () => Promise<H264MP4Encoder>
    }
    const probe = await createH264MP4Encoder()
    const listing = (): ReadonlyArray<string> => probe.FS.readdir("/")
    const before = listing()
    for (let i = 0; i < 100; i++) {
      if (i % 10 === 0) await rejection(() => encodeMp4([frame, solid(8, 16, [1, 1, 1])], options))
      else await encodeMp4([frame], options)
    }
    expect(listing()).toEqual(before)
    probe.delete()
  })

  it("leaves the process's handling of uncaught errors alone", () => {
    const script = `
      const { encodeMp4 } = await import(${JSON.stringify(new URL("../encode.ts", import.meta.url).href)})
      const count = () => process.listenerCount("uncaughtException") + process.listenerCount("unhandledRejection")
      const before = count()
      const { bytes } = await encodeMp4([{ width: 16, height: 16, data: new Uint8Array(768) }], { fps: 8 })
      process.stdout.write(JSON.stringify([bytes.length > 0, count() - before]))`
    const output = execFileSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8" })
    expect(JSON.parse(output)).toEqual([true, 0])
  })

  it.each([
    [
      { width: 15, height: 16, fps: 8 },
      "15×16 cannot be written: H.264 needs an even width and height. The nearest even sizes are 14×16 and 16×16.",
    ],
    [{ width: 5, height: 3, fps: 8, upscale: 3 }, "The nearest even sizes are 14×8 and 16×10."],
    [{ width: 16, height: 16, fps: 0 }, "fps is 0; it must be a number from 1 to 240"],
    [{ width: 16, height: 16, fps: Number.NaN }, "fps is NaN"],
    [{ width: 16, height: 16, fps: 8, upscale: 1.5 }, "upscale is 1.5; it must be an integer from 1 to 16"],
    [{ width: 16, height: 16, fps: 8, quality: 101 }, "quality is 101; it must be a number from 1 to 100"],
    [{ width: 720, height: 480, fps: 8, upscale: 16 }, "is 11520×7680; the largest side is 4096: lower upscale"],
  ])("refuses %o", async (options, message) => {
    expect(await rejection(() => encodeMp4([], options))).toContain(message)
  })

  it("refuses a clip without frames, a frame of another size and one of too few bytes, by its number", async () => {
    const options = { width: 16, height: 16, fps: 8 }
    const frame = solid(16, 16, [1, 2, 3])
    expect(await rejection(() => encodeMp4([], options))).toBe(
      "A video needs at least one frame, and none was written.",
    )
    expect(await rejection(() => encodeMp4([frame, frame, solid(16, 18, [1, 2, 3])], options))).toContain(
      "Frame 3 is 16×18, but the video was opened with 16×16",
    )
    const rgba = { width: 16, height: 16, data: new Uint8Array(16 * 16 * 4) }
    expect(await rejection(() => encodeMp4([frame, rgba], options))).toContain("Frame 2 has 1024 bytes")
  })
})

describe("openFrameWriter", () => {
  it("keeps the order of writes that nobody waits for", async () => {
    const frames = movingSquare(5, 32, 32)
    const options = { width: 32, height: 32, fps: 8 }
    const writer = openFrameWriter("mp4", options)
    await Promise.all(frames.map((frame) => writer.write(frame)))
    expect(digest(await writer.end())).toBe(digest(await encodeMp4(frames, options)))
  })

  it("refuses frames after its end, and after it was disposed", async () => {
    const frame = solid(16, 16, [1, 2, 3])
    const writer = openFrameWriter("mp4", { width: 16, height: 16, fps: 8 })
    await writer.write(frame)
    await writer.end()
    writer.dispose()
    expect(await rejection(() => writer.write(frame))).toContain("This video was ended")
    const dropped = openFrameWriter("mp4", { width: 16, height: 16, fps: 8 })
    const pending = rejection(() => dropped.write(frame))
    dropped.dispose()
    expect(await pending).toContain("This video was disposed")
  })
})
