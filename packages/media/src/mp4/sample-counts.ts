import { findBox, readBoxes } from "./box.ts"

/** Bytes of a file from a place on; fewer at its end. */
export type ReadAt = (position: number, length: number) => Promise<Uint8Array>

const MOST_FRAMES = 2_000_000 // nine hours at 60 a second
const LARGEST_INDEX = 256 * 1024 * 1024

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** The frames that a table of runs counts: each entry is a count and a value (ISO/IEC 14496-12 §8.6.1). */
const runLengths = (table: Uint8Array | undefined): number => {
  if (table === undefined) return 0
  const view = viewOf(table)
  let frames = 0
  for (let at = 8; at + 8 <= table.length; at += 8) frames += view.getUint32(at)
  return frames
}

const inIndex = (moov: Uint8Array): number => {
  const tracks = readBoxes(moov).filter(({ type }) => type === "trak")
  const counts = tracks.flatMap(({ content }) => {
    const handler = findBox(content, ["mdia", "hdlr"])
    if (handler === undefined || String.fromCharCode(...handler.subarray(8, 12)) !== "vide") return []
    return ["stts", "ctts"].map((type) => runLengths(findBox(content, ["mdia", "minf", "stbl", type])))
  })
  return Math.max(0, ...counts)
}

const inFragment = (moof: Uint8Array): number =>
  readBoxes(moof)
    .filter(({ type }) => type === "traf")
    .flatMap(({ content }) => readBoxes(content))
    .filter(({ type, content }) => type === "trun" && content.length >= 8)
    .reduce((sum, { content }) => sum + viewOf(content).getUint32(4), 0)

/**
 * Refuses an MP4 file whose index counts more frames than a video can have, which would take a demuxer for ever.
 *
 * @throws when a damaged count makes it so
 */
export const checkSampleCounts = async (readAt: ReadAt): Promise<void> => {
  let frames = 0
  for (let at = 0; ;) {
    const head = await readAt(at, 16)
    if (head.length < 8) return
    const view = viewOf(head)
    const type = String.fromCharCode(...head.subarray(4, 8))
    const size = view.getUint32(0) === 1 && head.length === 16 ? Number(view.getBigUint64(8)) : view.getUint32(0)
    const headSize = view.getUint32(0) === 1 ? 16 : 8
    if (type === "moov" || type === "moof") {
      if (size > LARGEST_INDEX) throw new Error("its index is too large")
      const content = (await readAt(at, size)).subarray(headSize)
      frames += type === "moov" ? inIndex(content) : inFragment(content)
      if (frames > MOST_FRAMES) throw new Error(`it says that it has ${frames} frames`)
    }
    // Size 0: to the end of the file.
    if (size < headSize) return
    at += size
  }
}
