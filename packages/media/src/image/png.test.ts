import { crc32, deflateSync } from "node:zlib"
import { describe, expect, it } from "vitest"
import { readVideo } from "../read-video.ts"
import { readImage } from "./read-image.ts"

const chunk = (type: string, content: Uint8Array, damaged = false): Buffer => {
  const named = Buffer.concat([Buffer.from(type), content])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(content.length)
  check.writeUInt32BE(damaged ? 0 : crc32(named))
  return Buffer.concat([length, named, check])
}
const u32 = (...values: ReadonlyArray<number>): Buffer => {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, i) => bytes.writeUInt32BE(value, i * 4))
  return bytes
}
const header = (width: number, height: number, depth = 8, colourType = 2, interlace = 0): Buffer =>
  chunk("IHDR", Buffer.concat([u32(width, height), Buffer.of(depth, colourType, 0, 0, interlace)]))
const png = (...chunks: ReadonlyArray<Buffer>): Uint8Array =>
  new Uint8Array(Buffer.concat([Buffer.from("\x89PNG\r\n\x1A\n", "latin1"), ...chunks]))
const packed = (...bytes: ReadonlyArray<number>): Buffer => deflateSync(Buffer.from(bytes))
const END = chunk("IEND", Buffer.alloc(0))

// Two pixels, red and green.
const HEAD = header(2, 1)
const RED_GREEN = chunk("IDAT", packed(0, 255, 0, 0, 0, 255, 0))
const expected = Uint8Array.of(255, 0, 0, 0, 255, 0)

describe("a PNG that other programs read", () => {
  it.each([
    ["without its end", png(HEAD, RED_GREEN)],
    ["with bytes after its end", png(HEAD, RED_GREEN, END, Buffer.from("more"))],
    ["with a damaged text", png(HEAD, chunk("tEXt", Buffer.from("a\0b"), true), RED_GREEN, END)],
    ["with a text that is cut off", png(HEAD, RED_GREEN, chunk("tEXt", Buffer.from("a\0b")).subarray(0, 9))],
    [
      "with more rows than it says",
      png(HEAD, chunk("IDAT", packed(0, 255, 0, 0, 0, 255, 0, 0, 9, 9, 9, 9, 9, 9)), END),
    ],
    [
      "in parts",
      png(
        HEAD,
        chunk("IDAT", packed(0, 255, 0, 0, 0, 255, 0).subarray(0, 5)),
        chunk("IDAT", packed(0, 255, 0, 0, 0, 255, 0).subarray(5)),
        END,
      ),
    ],
    [
      "with a palette that lacks a colour",
      png(header(2, 1, 8, 3), chunk("PLTE", Buffer.of(255, 0, 0, 0, 255, 0)), chunk("IDAT", packed(0, 0, 1)), END),
    ],
  ])("%s is read", async (_, file) => {
    expect((await readImage(file)).data).toEqual(expected)
  })

  it("has black in place of colours that the palette lacks", async () => {
    const file = png(header(2, 1, 8, 3), chunk("PLTE", Buffer.of(255, 0, 0)), chunk("IDAT", packed(0, 0, 7)), END)
    expect((await readImage(file)).data).toEqual(Uint8Array.of(255, 0, 0, 0, 0, 0))
  })

  it.each([
    ["IDAT", png(HEAD, chunk("IDAT", packed(0, 255, 0, 0, 0, 255, 0), true), END), "its chunk IDAT is damaged"],
    ["rows", png(HEAD, chunk("IDAT", packed(0, 255, 0, 0)), END), "its last rows are missing"],
    ["filter", png(HEAD, chunk("IDAT", packed(9, 255, 0, 0, 0, 255, 0)), END), "row 0 has a filter 9"],
    ["depth", png(header(2, 1, 4, 2), RED_GREEN, END), "its header says colour type 2 with 4 bits"],
    ["picture", png(HEAD, END), "it has no picture"],
  ])("is refused when its %s is damaged", async (_, file, message) => {
    await expect(readImage(file)).rejects.toThrow(`This PNG image is damaged or cut off (${message}`)
  })
})

describe("a PNG that unpacks to more than it says", () => {
  const zeros = (megabytes: number): Buffer => deflateSync(Buffer.alloc(megabytes * 2 ** 20))

  it("is refused, in its picture", async () => {
    await expect(readImage(png(header(64, 64), chunk("IDAT", zeros(64)), END))).rejects.toThrow(
      "This PNG image is damaged",
    )
  })

  it("is not unpacked elsewhere", async () => {
    const profile = chunk("iCCP", Buffer.concat([Buffer.from("x\0\0"), zeros(64)]))
    const text = chunk("zTXt", Buffer.concat([Buffer.from("x\0\0"), zeros(64)]))
    const before = process.memoryUsage().external
    expect((await readImage(png(HEAD, profile, text, RED_GREEN, END))).data).toEqual(expected)
    expect(process.memoryUsage().external - before).toBeLessThan(32 * 2 ** 20)
  })
})

describe("an animated PNG", () => {
  const control = (sequence: number, delay: number, [x, y, width, height] = [0, 0, 2, 1]): Buffer => {
    const times = Buffer.alloc(4)
    times.writeUInt16BE(delay)
    times.writeUInt16BE(100, 2)
    return chunk("fcTL", Buffer.concat([u32(sequence, width!, height!, x!, y!), times, Buffer.of(0, 0)]))
  }
  const animated = (count: number): Buffer => chunk("acTL", u32(count, 0))
  const second = (sequence: number): Buffer =>
    chunk("fdAT", Buffer.concat([u32(sequence), packed(0, 0, 0, 255, 0, 0, 255)]))

  it("plays, delays of nothing for a tenth of a second", async () => {
    const { video, fps, notices } = await readVideo(
      png(HEAD, animated(2), control(0, 0), RED_GREEN, control(1, 20), second(2), END),
    )
    expect([video.length("frames"), fps, notices.length]).toEqual([3, 10, 1])
    expect(video.values()).toEqual(Uint8Array.of(...expected, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 255))
  })

  it("that says it has no frames, or says so too late, is a still picture", async () => {
    for (const file of [
      png(HEAD, animated(0), control(0, 10), RED_GREEN, control(1, 10), second(2), END),
      png(HEAD, RED_GREEN, animated(2), control(0, 10), second(1), END),
    ]) {
      expect((await readVideo(file)).video.values()).toEqual(expected)
    }
  })

  it("whose still picture is not part of it gives the first of its frames as an image", async () => {
    const file = png(HEAD, animated(1), RED_GREEN, control(0, 10), second(1), END)
    expect((await readImage(file)).data).toEqual(Uint8Array.of(0, 0, 255, 0, 0, 255))
  })

  it("with a frame beyond its canvas is refused, and one whose frames would take minutes", async () => {
    const beyond = png(HEAD, animated(1), control(0, 10, [1, 0, 2, 1]), RED_GREEN, END)
    await expect(readVideo(beyond)).rejects.toThrow("a picture is larger than the 2×1 pixels of the whole")
    const large = png(header(9000, 9000), animated(2), control(0, 9), RED_GREEN, control(1, 9), second(2), END)
    await expect(readVideo(large)).rejects.toThrow("Its pictures are 9000×9000")
  })
})
