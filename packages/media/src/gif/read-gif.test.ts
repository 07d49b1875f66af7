import { describe, expect, it } from "vitest"
import { packIndices, type TinyPicture, tinyGif } from "../../test/tiny-gif.ts"
import { readVideo } from "../read-video.ts"
import { toFrames } from "../video-writer.ts"

// Black, red, green, blue and nothing, which is black as well.
const LETTERS = new Map([
  ["0,0,0", "."],
  ["255,0,0", "R"],
  ["0,255,0", "G"],
  ["0,0,255", "B"],
])

/** The frames of a GIF, a letter a pixel, rows apart by a space. */
const seen = async (gif: Uint8Array): Promise<ReadonlyArray<string>> =>
  toFrames((await readVideo(gif)).video).map(({ width, height, data }) =>
    Array.from({ length: height }, (_, y) =>
      Array.from(
        { length: width },
        (__, x) =>
          LETTERS.get(
            data
              .subarray((y * width + x) * 3)
              .slice(0, 3)
              .join(),
          ) ?? "?",
      ).join(""),
    ).join(" "),
  )

const [R, G, B] = [1, 2, 3]
const whole = (colour: number, more: Partial<TinyPicture> = {}): TinyPicture => ({
  width: 3,
  height: 2,
  pixels: Array.from({ length: 6 }, () => colour),
  ...more,
})
const dot = (x: number, colour: number, more: Partial<TinyPicture> = {}): TinyPicture => ({
  x,
  width: 1,
  height: 1,
  pixels: [colour],
  ...more,
})

describe("a GIF looks as in browsers", () => {
  it.each([
    ["disposal 1 leaves a picture", 1, ["RRR RRR", "GRR RRR", "GBR RRR"]],
    ["disposal 2 clears its place", 2, ["RRR RRR", "GRR RRR", ".BR RRR"]],
    ["disposal 3 brings back what was there", 3, ["RRR RRR", "GRR RRR", "RBR RRR"]],
    ["disposal 4 is a name for 3", 4, ["RRR RRR", "GRR RRR", "RBR RRR"]],
    ["disposal 7 leaves a picture", 7, ["RRR RRR", "GRR RRR", "GBR RRR"]],
  ])("%s", async (_, disposal, frames) => {
    expect(await seen(tinyGif([3, 2], [whole(R), dot(0, G, { disposal }), dot(1, B)]))).toEqual(frames)
  })

  it("a first picture that clears leaves nothing, whatever the background colour", async () => {
    expect(await seen(tinyGif([3, 2], [whole(R, { disposal: 2 }), dot(0, G)]))).toEqual(["RRR RRR", "G.. ..."])
    expect(await seen(tinyGif([3, 2], [whole(R, { disposal: 3 }), dot(0, G)]))).toEqual(["RRR RRR", "G.. ..."])
  })

  it("the transparent colour leaves what is there, and black where nothing is", async () => {
    const pixels = [R, G, R, G, R, G]
    const patch = { width: 3, height: 2, pixels, transparent: R }
    expect(await seen(tinyGif([3, 2], [whole(B), patch]))).toEqual(["BBB BBB", "BGB GBG"])
    expect(await seen(tinyGif([3, 2], [patch]))).toEqual([".G. G.G"])
  })

  it("pictures beyond the screen are clipped", async () => {
    const beyond = { x: 1, y: 1, width: 3, height: 2, pixels: [R, G, B, R, R, R] }
    expect(await seen(tinyGif([3, 2], [whole(B), beyond, dot(7, R)]))).toEqual(["BBB BBB", "BBB BRG", "BBB BRG"])
  })

  it("a screen of no size is as large as its first picture", async () => {
    expect(await seen(tinyGif([0, 0], [whole(R), dot(0, G)]))).toEqual(["RRR RRR", "GRR RRR"])
  })

  it("a picture's own colours come before the common ones, which may be missing", async () => {
    const palette = [0, 0, 255, 0, 255, 0, 255, 0, 0, 0, 0, 0]
    expect(await seen(tinyGif([3, 2], [whole(R, { palette })], { palette: false }))).toEqual(["GGG GGG"])
    expect(await seen(tinyGif([3, 2], [whole(R, { palette }), dot(0, R)], {}))).toEqual(["GGG GGG", "RGG GGG"])
    // A colour that is in no palette is not drawn.
    expect(await seen(tinyGif([3, 2], [whole(R)], { palette: false }))).toEqual(["... ..."])
  })

  it("interlaced rows are put in order", async () => {
    const rows = [0, 8, 4, 2, 6, 1, 3, 5, 7]
    const pixels = rows.map((row) => row % 4)
    const [frame] = await seen(tinyGif([1, 9], [{ width: 1, height: 9, pixels, interlaced: true }]))
    expect(frame).toBe(". R G B . R G B .")
  })
})

describe("delays", () => {
  it.each([
    ["of nothing or a hundredth are a tenth of a second", [0, 1, 10], 3, 10],
    ["of two hundredths are what they say", [2, 2, 2], 3, 50],
    ["that differ repeat the longer picture", [200, 10, 10], 22, 10],
    ["of seconds are read at one frame per second", [300, 300], 6, 1],
  ])("%s", async (_, delays, frames, fps) => {
    const file = await readVideo(
      tinyGif(
        [3, 2],
        delays.map((delay) => whole(R, { delay })),
      ),
    )
    expect([file.video.length("frames"), file.fps]).toEqual([frames, fps])
    expect(file.notices.length).toBe(frames === delays.length ? 0 : 1)
  })

  it("of one picture are none", async () => {
    expect((await readVideo(tinyGif([3, 2], [whole(R, { delay: 300 })]))).fps).toBeUndefined()
  })
})

describe("oddly written files", () => {
  const plainText = [0x21, 0x01, 12, ...Buffer.alloc(12), 2, 0x68, 0x69, 0]
  it.each([
    ["without a trailer", tinyGif([3, 2], [whole(R), dot(0, G)], { trailer: [] })],
    ["with bytes after the trailer", tinyGif([3, 2], [whole(R), dot(0, G)], { trailer: [0x3b, 1, 2, 3] })],
    ["with bytes in place of the trailer", tinyGif([3, 2], [whole(R), dot(0, G)], { trailer: [0xab, 0xcd] })],
    ["that end within an extension", tinyGif([3, 2], [whole(R), dot(0, G)], { trailer: [0x21, 0xfe, 90, 1] })],
    ["with a plain-text extension", tinyGif([3, 2], [whole(R), dot(0, G, { before: plainText })])],
    ["with an extension that nobody knows", tinyGif([3, 2], [whole(R), dot(0, G, { before: [0x21, 0x77, 1, 9, 0] })])],
    ["with a short control extension", tinyGif([3, 2], [whole(R, { before: [0x21, 0xf9, 1, 9, 0] }), dot(0, G)])],
    ["with a zero too many between blocks", tinyGif([3, 2], [whole(R), dot(0, G, { before: [0] })])],
    [
      "without a first clear code",
      tinyGif([3, 2], [whole(R, { coded: packIndices([1, 1, 1, 1, 1, 1], { clears: false }) }), dot(0, G)]),
    ],
    [
      "without an end code",
      tinyGif([3, 2], [whole(R, { coded: packIndices([1, 1, 1, 1, 1, 1], { ends: false }) }), dot(0, G)]),
    ],
    ["with more pixels than fit", tinyGif([3, 2], [whole(R, { coded: packIndices(Array(20).fill(1)) }), dot(0, G)])],
  ])("%s are read", async (_, gif) => {
    expect(await seen(gif)).toEqual(["RRR RRR", "GRR RRR"])
  })

  it("leave what they do not code as it is", async () => {
    const few = whole(G, { coded: packIndices([2, 2, 2, 2]) })
    expect(await seen(tinyGif([3, 2], [whole(R), few]))).toEqual(["RRR RRR", "GGG GRR"])
  })

  it.each([
    ["within a picture", tinyGif([3, 2], [whole(R)], { trailer: [] }).slice(0, -3), "it ends within a picture"],
    ["before a picture", tinyGif([3, 2], []), "it has no picture"],
    ["with a code that is not known", tinyGif([3, 2], [whole(R, { coded: [1, 0b111_100, 0] })]), "is not known yet"],
  ])("%s are refused", async (_, gif, message) => {
    await expect(readVideo(gif)).rejects.toThrow(message)
  })

  it("with pictures that would take minutes are refused by their size", async () => {
    const gif = tinyGif([9000, 9000], [whole(R), whole(G)])
    await expect(readVideo(gif)).rejects.toThrow(
      "Its pictures are 9000×9000; the largest of a video that are read have 36",
    )
    const huge = tinyGif([3, 2], [{ width: 60_000, height: 60_000, pixels: [1] }])
    await expect(readVideo(huge)).rejects.toThrow("This image is 60000×60000")
  })
})
