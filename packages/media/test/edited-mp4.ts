import { box, concatBytes, fullBox, readBoxes, u32 } from "../src/mp4/box.ts"

/** An entry of an edit list: ticks of the movie, of the media (-1 for nothing), and the rate. */
export type EditEntry = readonly [duration: number, mediaTime: number, rate?: number]

/** Changes the content of the box at a path, and the sizes of those around it. */
const withBox = (
  bytes: Uint8Array,
  path: ReadonlyArray<string>,
  change: (content: Uint8Array) => Uint8Array,
): Uint8Array => {
  const [first, ...rest] = path
  return concatBytes(
    readBoxes(bytes).map(({ type, content }) =>
      type !== first
        ? box(type, content)
        : box(type, rest.length === 0 ? change(content) : withBox(content, rest, change)),
    ),
  )
}

const big = (value: number): Uint8Array => u32(value < 0 ? 0xffffffff : 0, value)

/** Gives the track of an MP4 file, whose index stands at its end, another edit list. */
export const withEdits = (mp4: Uint8Array, entries: ReadonlyArray<EditEntry>, version: 0 | 1 = 0): Uint8Array => {
  const rows = entries.map(([duration, mediaTime, rate = 1]) =>
    version === 0
      ? u32(duration, mediaTime, rate * 65536)
      : concatBytes([big(duration), big(mediaTime), u32(rate * 65536)]),
  )
  const list = fullBox("elst", version * 2 ** 24, u32(entries.length), ...rows)
  return withBox(mp4, ["moov", "trak"], (track) =>
    concatBytes([
      ...readBoxes(track)
        .filter(({ type }) => type !== "edts")
        .map(({ type, content }) => box(type, content)),
      box("edts", list),
    ]),
  )
}

/** Gives the frames of a track other durations: runs of a count and a duration in ticks of the media. */
export const withDurations = (
  mp4: Uint8Array,
  ...runs: ReadonlyArray<readonly [count: number, ticks: number]>
): Uint8Array =>
  withBox(mp4, ["moov", "trak", "mdia", "minf", "stbl", "stts"], () =>
    concatBytes([u32(0, runs.length), u32(...runs.flat())]),
  )
