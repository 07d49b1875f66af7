import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { atEqualTimes, toDurations, toLegalRate, toRate } from "./frame-times.ts"

const rates = fc.integer({ min: 1, max: 50 })
const counts = fc.integer({ min: 1, max: 200 })

it("loses no time to rounding, however many frames there are", () => {
  fc.assert(
    fc.property(counts, fc.double({ min: 1, max: 50, noNaN: true }), (count, fps) => {
      const total = toDurations(count, fps, 100).reduce((sum, ticks) => sum + ticks, 0)
      expect(Math.abs(total - (count * 100) / fps)).toBeLessThanOrEqual(0.5)
    }),
  )
})

it("finds a whole rate again after rounding, in hundredths and thousandths of a second", () => {
  fc.assert(
    fc.property(rates, (fps) => {
      expect(toRate(toDurations(fps, fps, 100), 100)).toBe(fps)
      expect(toRate(toDurations(17, fps, 1000), 1000)).toBe(fps)
    }),
  )
})

describe("the rate of frames", () => {
  it.each([
    ["of one length", [4, 4, 4], 100, 25],
    ["of which the first stands long", [200, 10, 10, 10], 100, 10],
    ["of lengths with a common part", [10, 15, 20], 100, 20],
    ["of lengths with a common part that is too short, as most have it", [7, 8, 8, 90], 100, 13],
    ["of a length in thousandths", Array.from({ length: 40 }, (_, i) => (i % 3 === 0 ? 34 : 33)), 1000, 30],
    ["of NTSC in thousandths", toDurations(200, 30_000 / 1001, 1000), 1000, 30_000 / 1001],
    ["of NTSC in its own ticks", [3003, 3003, 3003], 90_000, 30_000 / 1001],
    ["of film in NTSC", [1001, 1001, 1001], 24_000, 24_000 / 1001],
    ["that come unsteadily, as phones write them", [19, 21, 20, 20, 22, 18, 20, 20, 61], 600, 30],
    ["of no length", [0, 0], 100, 1],
  ] as const)("%s", (_, ticks, ticksPerSecond, rate) => {
    expect(toRate(ticks, ticksPerSecond)).toBeCloseTo(rate, 9)
  })

  it("is kept within what can be written, with a word", () => {
    expect(toLegalRate(25)).toEqual({ fps: 25 })
    expect(toLegalRate(0.5).fps).toBe(1)
    expect(toLegalRate(500)).toEqual({
      fps: 240,
      notice: "It has 500 frames per second, and is read at 240: videos have 1 to 240.",
    })
  })
})

describe("frames at equal times", () => {
  /** The numbers of the pictures that are shown, and what was told. */
  const shown = async (ends: ReadonlyArray<number>, fps: number, tick = 0.001) => {
    const notices: Array<string> = []
    const leftOut: Array<number> = []
    const pictures = ends.map((until, i) => ({
      until,
      picture: () => ({ width: 1, height: 1, data: Uint8Array.of(i, 0, 0) }),
      leaveOut: () => void leftOut.push(i),
    }))
    const frames: Array<number> = []
    for await (const frame of atEqualTimes(pictures, { fps, tick }, (notice) => notices.push(notice))) {
      frames.push(frame.data[0]!)
    }
    return { frames, leftOut, notices }
  }

  it("are the pictures themselves where all are equally long, give or take a tick", async () => {
    const ends = Array.from({ length: 200 }, (_, i) => Math.round(((i + 1) * 100) / 30) / 100)
    const { frames, notices } = await shown(ends, 30, 0.01)
    expect(frames).toEqual(ends.map((_, i) => i))
    expect(notices).toEqual([])
  })

  it("repeat a picture that stands longer, and say so once", async () => {
    const { frames, notices } = await shown([0.1, 0.5, 0.6, 0.9], 10)
    expect(frames).toEqual([0, 1, 1, 1, 1, 2, 3, 3, 3])
    expect(notices).toEqual([
      "Its frames are not equally long: it is read at 10 frames per second, longer ones repeated and shorter ones left out.",
    ])
  })

  it("leave out what is shown in the middle of no frame", async () => {
    expect(await shown([0.1, 0.11, 0.12, 0.2, 0.3], 10)).toMatchObject({ frames: [0, 3, 4], leftOut: [1, 2] })
  })

  it("are at least one, however short the video is", async () => {
    expect((await shown([0.001], 10)).frames).toEqual([0])
  })

  it("last as long as the pictures", async () => {
    const durations = fc.array(fc.double({ min: 0.001, max: 3, noNaN: true }), { minLength: 1, maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(durations, fc.integer({ min: 1, max: 60 }), async (seconds, fps) => {
        let end = 0
        const { frames } = await shown(
          seconds.map((duration) => (end += duration)),
          fps,
          0,
        )
        expect(Math.abs(frames.length / fps - end)).toBeLessThanOrEqual(Math.max(1 / fps, 0.02 * end))
        expect(frames).toEqual(frames.toSorted((a, b) => a - b))
      }),
    )
  })
})
