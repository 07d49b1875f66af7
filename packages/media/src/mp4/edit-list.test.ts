import { readFile } from "node:fs/promises"
import { describe, expect, it } from "vitest"
import { type EditEntry, withDurations, withEdits } from "../../test/edited-mp4.ts"
import { readVideo } from "../read-video.ts"
import { toFrames } from "../video-writer.ts"

// Six frames at 10 per second: 1024 ticks of the media and 100 of the movie each.
const numbered = new Uint8Array(await readFile(new URL("../../test/golden/videos/lighter.mp4", import.meta.url)))
const TICKS = 1024
const plain = toFrames((await readVideo(numbered)).video).map(({ data }) => data[0]!)

/** The numbers of the frames that are shown. */
const shown = async (mp4: Uint8Array, maxFrames = Infinity) => {
  const { video, fps, notices } = await readVideo(mp4, { maxFrames })
  const frames = toFrames(video).map(({ data }) => plain.indexOf(data[0]!))
  return { frames, fps, notices }
}

describe("an edit list", () => {
  const cases: ReadonlyArray<readonly [string, ReadonlyArray<EditEntry>, ReadonlyArray<number>]> = [
    ["shows all", [[600, 0]], [0, 1, 2, 3, 4, 5]],
    ["cuts the start", [[400, 2 * TICKS]], [2, 3, 4, 5]],
    ["cuts the end", [[300, 0]], [0, 1, 2]],
    ["cuts the end, its time rounded", [[299, 0]], [0, 1, 2]],
    ["cuts both", [[200, 2 * TICKS]], [2, 3]],
    [
      "cuts a part out",
      [
        [200, 0],
        [200, 4 * TICKS],
      ],
      [0, 1, 4, 5],
    ],
    [
      "shows a part twice",
      [
        [200, TICKS],
        [200, TICKS],
      ],
      [1, 2, 1, 2],
    ],
    [
      "changes the order",
      [
        [200, 4 * TICKS],
        [200, 0],
      ],
      [4, 5, 0, 1],
    ],
    [
      "starts late",
      [
        [200, -1],
        [600, 0],
      ],
      [0, 1, 2, 3, 4, 5],
    ],
    [
      "has a pause",
      [
        [200, 0],
        [200, -1],
        [200, 2 * TICKS],
      ],
      [0, 1, 1, 1, 2, 3],
    ],
    [
      "ends with a pause",
      [
        [200, 0],
        [400, -1],
      ],
      [0, 1],
    ],
    ["plays twice as fast", [[300, 0, 2]], [0, 2, 4]],
    ["plays half as fast", [[800, TICKS, 0.5]], [1, 1, 2, 2, 3, 3, 4, 4]],
    [
      "holds a frame",
      [
        [100, 0],
        [300, 2 * TICKS, 0],
      ],
      [0, 2, 2, 2],
    ],
    ["does not say how long", [[0, TICKS]], [1, 2, 3, 4, 5]],
    ["ends after the video", [[9000, 0]], [0, 1, 2, 3, 4, 5]],
    ["starts between two frames", [[300, 1.5 * TICKS]], [1, 2, 3]],
  ]
  it.each(cases)("that %s", async (_, entries, frames) => {
    for (const version of [0, 1] as const) {
      expect(await shown(withEdits(numbered, entries, version))).toMatchObject({ frames, fps: 10 })
    }
  })

  it("is followed no further than is wanted", async () => {
    expect(
      (
        await shown(
          withEdits(numbered, [
            [200, 4 * TICKS],
            [200, 0],
          ]),
          3,
        )
      ).frames,
    ).toEqual([4, 5, 0])
  })

  it("whose times a damaged header gives is refused", async () => {
    const damaged = withEdits(numbered, [[300, 0]])
    const header = Buffer.from(damaged).indexOf("mvhd") + 4 + 12
    damaged.fill(0, header, header + 4)
    await expect(readVideo(damaged)).rejects.toThrow("It is damaged or cut off")
  })
})

describe("frames of different durations", () => {
  const file = withEdits(numbered, [[0, 0]])
  it("are read at equal times, with a word", async () => {
    const { frames, fps, notices } = await shown(withDurations(file, [2, TICKS], [1, 5 * TICKS], [3, TICKS]))
    expect([frames, fps]).toEqual([[0, 1, 2, 2, 2, 2, 2, 3, 4, 5], 10])
    expect(notices).toEqual([expect.stringContaining("Its frames are not equally long: it is read at 10 frames per")])
  })

  it("of more than a second are repeated, and of less than 1/240 left out", async () => {
    const slow = await shown(withDurations(file, [6, 20 * TICKS]))
    expect([slow.frames, slow.fps]).toEqual([[0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5], 1])
    expect(slow.notices).toEqual([expect.stringContaining("It has 0.5 frames per second")])
    const fast = await shown(withDurations(file, [6, 10]))
    expect([fast.frames.length, fast.fps]).toEqual([1, 240])
    expect(fast.notices).toEqual([expect.stringContaining("It has 1020 frames per second")])
  })
})
