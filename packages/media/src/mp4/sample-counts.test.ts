import { expect, it } from "vitest"
import { box, concatBytes, fullBox, latin1, u32 } from "./box.ts"
import { checkSampleCounts } from "./sample-counts.ts"

const check = (file: Uint8Array): Promise<void> =>
  checkSampleCounts(async (at, length) => file.subarray(at, at + length))

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
  ["many samples of sound", box("moov", track("soun", "stts", 0xf0000000, 1), track("vide", "stts", 300, 1))],
  ["boxes of which it knows nothing", concatBytes([box("free"), box("moov"), fragment(60)])],
  ["a few bytes", new Uint8Array(3)],
  ["another kind of file", latin1("not an MP4 file at all")],
])("takes %s", async (_, file) => {
  await expect(check(file)).resolves.toBeUndefined()
})
