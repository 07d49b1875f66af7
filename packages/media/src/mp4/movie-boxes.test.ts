import { expect, it } from "vitest"
import { box, concatBytes, fullBox, latin1, u32 } from "./box.ts"
import { readMovieBox } from "./movie-boxes.ts"

const check = (file: Uint8Array, enough?: number): Promise<Uint8Array | undefined> =>
  readMovieBox(async (at, length) => file.subarray(at, at + length), enough)

const track = (handler: string, table: string, ...runs: ReadonlyArray<number>): Uint8Array =>
  box(
    "trak",
    box(
      "mdia",
      fullBox("hdlr", 0, u32(0), latin1(handler)),
      box("minf", box("stbl", fullBox(table, 0, u32(runs.length / 2), u32(...runs)))),
    ),
  )
const fragment = (count: number): Uint8Array => box("moof", box("traf", fullBox("trun", 0, u32(count))))

it.each([
  ["stts", box("moov", track("vide", "stts", 10, 1, 0xf0000000, 1))],
  ["ctts", box("moov", track("vide", "ctts", 0xf0000000, 1))],
  ["trun", concatBytes([box("moov"), fragment(1_500_000), fragment(1_500_000)])],
])("refuses more frames than a video can have in %s", async (_, file) => {
  await expect(check(file)).rejects.toThrow(/it says that it has \d{7,} frames/)
})

it.each([
  ["many samples of sound", box("moov", track("soun", "stts", 0xf0000000, 1), track("vide", "stts", 300, 1)), true],
  ["boxes of which it knows nothing", concatBytes([box("free"), box("moov"), fragment(60)]), true],
  ["a few bytes", new Uint8Array(3), false],
  ["another kind of file", latin1("not an MP4 file at all"), false],
])("takes %s, and finds its movie where there is one", async (_, file, isMovie) => {
  expect((await check(file)) !== undefined).toBe(isMovie)
})
