import { readFile } from "node:fs/promises"
import { VideoSample, type VideoSamplePixelFormat } from "mediabunny"
import { describe, expect, it } from "vitest"
import { encodeMp4 } from "../encode.ts"
import { movingSquare, psnr } from "../../test/moving-square.ts"
import { box, concatBytes, latin1, readBoxes, u32 } from "../mp4/box.ts"
import { readVideo } from "../read-video.ts"
import { toFrames } from "../video-writer.ts"
import { sampleToRgb } from "./sample-to-rgb.ts"

const golden = (name: string): string => new URL(`../../test/golden/videos/${name}`, import.meta.url).pathname
const bytesOf = async (name: string): Promise<Uint8Array> => new Uint8Array(await readFile(golden(name)))

describe("QuickTime files from before there was a file type", () => {
  // The file type is 32 bytes long, and what follows it keeps its place.
  const withFirst = async (type: string): Promise<Uint8Array> => {
    const bytes = await bytesOf("slices.mp4")
    bytes.set(latin1(type), 4)
    return bytes
  }
  it.each(["skip", "free", "wide", "mdat", "pnot"])("that begin with %s are read", async (type) => {
    const file = await withFirst(type)
    expect((await readVideo(file)).video.values()).toEqual((await readVideo(golden("slices.mp4"))).video.values())
  })

  it("that begin with the movie are read", async () => {
    const { bytes } = await encodeMp4(movingSquare(3, 32, 32), { fps: 8 })
    const [type, ...rest] = readBoxes(bytes).map(({ type, content }) => box(type, content))
    const shorter = concatBytes(rest)
    const places = Buffer.from(shorter).indexOf("stco") + 12
    const view = new DataView(shorter.buffer)
    view.setUint32(places, view.getUint32(places) - type!.length)
    expect((await readVideo(shorter)).video.values()).toEqual((await readVideo(bytes)).video.values())
  })

  it("are not what text is that begins alike", async () => {
    const text = new TextEncoder().encode("1234skip and no more of it than that, for a long while, and no video at all")
    await expect(readVideo(text)).rejects.toThrow("This is not a video of a known kind")
  })
})

describe("videos of other programs", () => {
  it("are read out of MPEG-TS, in the Baseline profile, as out of MP4", async () => {
    const { video, fps } = await readVideo(golden("baseline.mpegts"))
    expect([video.shape, fps]).toEqual([[1, 6, 32, 48, 3], 10])
    const expected = toFrames((await readVideo(golden("slices.mp4"))).video)
    for (const [i, { data }] of toFrames(video).entries()) expect(psnr(data, expected[i]!.data)).toBeGreaterThan(20)
  })

  it.each(["green-709-tv.mp4", "green-709-pc.mp4"])("%s has the colours that it says", async (name) => {
    const [frame] = toFrames((await readVideo(golden(name))).video)
    for (const [i, value] of frame!.data.entries()) expect(Math.abs(value - [0, 255, 0][i % 3]!)).toBeLessThanOrEqual(3)
  })

  it("have square pixels", async () => {
    expect((await readVideo(golden("wide-pixels.mp4"))).video.shape).toEqual([1, 6, 32, 96, 3])
  })

  it("tell that their sound is left out", async () => {
    expect((await readVideo(golden("with-sound.mp4"))).notices).toEqual([
      "Its sound is left out: videos are made without sound.",
    ])
    expect((await readVideo(golden("slices.mp4"))).notices).toEqual([])
  })

  it("are refused as damaged, and not as a bug to report, when a table of frames is", async () => {
    for (const table of ["stsz", "stsc", "stco", "stts"]) {
      const bytes = await bytesOf("slices.mp4")
      bytes.fill(0xff, Buffer.from(bytes).indexOf(table) + 12, Buffer.from(bytes).indexOf(table) + 24)
      const message = await readVideo(bytes, { maxFrames: 20 }).then(
        () => "read",
        (cause: Error) => cause.message,
      )
      expect(message).toMatch(/^read$|^The video cannot be read\. /)
      expect(message).not.toMatch(/report|assert|bug/i)
    }
  })
})

describe("a long file", () => {
  it("is read no further than its first frames need", async () => {
    const boxes = readBoxes(await bytesOf("fragments.mp4"))
    const head = boxes
      .filter(({ type }) => type === "ftyp" || type === "moov")
      .map(({ type, content }) => box(type, content))
    const fragment = boxes.filter(({ type }) => type === "moof" || type === "mdat").slice(0, 2)
    const body = concatBytes(fragment.map(({ type, content }) => box(type, content)))
    const times = Buffer.from(body).indexOf("tfdt") + 8
    const isLong = body[times - 4] === 1
    const repeats = Array.from({ length: 4000 }, (_, i) => {
      const copy = body.slice()
      copy.set(isLong ? u32(0, i * 3 * 1024) : u32(i * 3 * 1024), times)
      return copy
    })
    // Nothing goes on past this one.
    repeats[2000]!.fill(0xf0, Buffer.from(body).indexOf("trun") + 8, Buffer.from(body).indexOf("trun") + 12)
    const long = new Blob([...head, ...repeats].map((part) => part.slice()))
    const { video, fps } = await readVideo(long, { maxFrames: 18 })
    expect([video.length("frames"), fps]).toEqual([18, 10])
    await expect(readVideo(long)).rejects.toThrow(/it says that it has \d{7,} frames/)
  })
})

describe("a decoded frame", () => {
  const convert = async (
    format: VideoSamplePixelFormat,
    data: Uint8Array,
    colorSpace: object = { matrix: "bt709", fullRange: false },
  ) => {
    const notices: Array<string> = []
    const sample = new VideoSample(data, { format, codedWidth: 2, codedHeight: 2, timestamp: 0, colorSpace })
    const { data: rgb, ...size } = await sampleToRgb({}, (notice) => notices.push(notice))(sample)
    sample.close()
    return { rgb: [...rgb], size, notices }
  }
  const green = [173, 42, 26] // in BT.709, limited
  const [luma, u, v] = green as [number, number, number]
  const wide = (samples: ReadonlyArray<number>): Uint8Array =>
    new Uint8Array(Uint16Array.from(samples, (sample) => sample * 4).buffer)

  it.each([
    ["I420", Uint8Array.of(luma, luma, luma, luma, u, v)],
    ["NV12", Uint8Array.of(luma, luma, luma, luma, u, v)],
    ["I422", Uint8Array.of(luma, luma, luma, luma, u, u, v, v)],
    ["I444", Uint8Array.of(...[luma, u, v].flatMap((sample) => [sample, sample, sample, sample]))],
    ["I420A", Uint8Array.of(luma, luma, luma, luma, u, v, 255, 255, 255, 255)],
    ["I420P10", wide([luma, luma, luma, luma, u, v])],
    ["I444P10", wide([luma, u, v].flatMap((sample) => [sample, sample, sample, sample]))],
    ["RGBA", Uint8Array.from({ length: 16 }, (_, i) => [0, 255, 0, 255][i % 4]!)],
    ["BGRX", Uint8Array.from({ length: 16 }, (_, i) => [0, 255, 0, 0][i % 4]!)],
  ] as const)("of the format %s gives its colours", async (format, data) => {
    const { rgb, size } = await convert(format, data)
    expect(size).toEqual({ width: 2, height: 2 })
    for (const [i, value] of rgb.entries()) expect(Math.abs(value - [0, 255, 0][i % 3]!)).toBeLessThanOrEqual(3)
  })

  it("is before black where it is transparent", async () => {
    const { rgb } = await convert("I420A", Uint8Array.of(luma, luma, luma, luma, u, v, 0, 0, 255, 255))
    expect(rgb.slice(0, 6)).toEqual([0, 0, 0, 0, 0, 0])
    expect(rgb[7]).toBeGreaterThan(250)
    expect((await convert("RGBA", new Uint8Array(16).fill(255, 0, 3))).rgb.slice(0, 3)).toEqual([0, 0, 0])
  })

  it("of HDR is told once, with the sentence for people", async () => {
    const colorSpace = { matrix: "bt2020-ncl", primaries: "bt2020", transfer: "pq", fullRange: false }
    const { notices } = await convert("I420P10", wide([143, 143, 143, 143, 128, 128]), colorSpace)
    expect(notices).toEqual(["Its colours are HDR (PQ): they are read as SDR, highlights made darker."])
  })
})
