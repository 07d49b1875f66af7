import { findBox, readBoxes } from "./box.ts"

/** Bytes of a file from a position on; fewer at its end. */
export type ReadAt = (position: number, length: number) => Promise<Uint8Array>

/** A box at the top of a file. */
interface TopBox {
  readonly type: string
  readonly position: number
  readonly headSize: number
  readonly size: number
}

const MOST_FRAMES = 2_000_000 // nine hours at 60 per second
const LARGEST_INDEX = 256 * 1024 * 1024

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** The boxes at the top of a file, one after another, until there are none. */
const topBoxes = async function* (readAt: ReadAt): AsyncGenerator<TopBox> {
  for (let position = 0; ;) {
    const head = await readAt(position, 16)
    if (head.length < 8) return
    const view = viewOf(head)
    const type = String.fromCharCode(...head.subarray(4, 8))
    const isLong = view.getUint32(0) === 1 && head.length === 16
    const [size, headSize] = isLong ? [Number(view.getBigUint64(8)), 16] : [view.getUint32(0), 8]
    yield { type, position, headSize, size }
    // Size 0: to the end of the file.
    if (size < headSize) return
    position += size
  }
}

/** The frames that a table of runs counts: each entry is a count and a value (ISO/IEC 14496-12 §8.6.1). */
const runLengths = (table: Uint8Array | undefined): number => {
  if (table === undefined) return 0
  const view = viewOf(table)
  let frames = 0
  for (let at = 8; at + 8 <= table.length; at += 8) frames += view.getUint32(at)
  return frames
}

/** The video tracks in the content of a moov box. */
export const videoTracks = (moov: Uint8Array): ReadonlyArray<Uint8Array> =>
  readBoxes(moov)
    .filter(({ type }) => type === "trak")
    .map(({ content }) => content)
    .filter((track) => {
      const handler = findBox(track, ["mdia", "hdlr"])
      return handler !== undefined && String.fromCharCode(...handler.subarray(8, 12)) === "vide"
    })

/** Refuses a table of samples whose parts do not go together, over which a demuxer would go for ever. */
const checkTable = (table: Uint8Array): void => {
  const sizes = findBox(table, ["stsz"])
  if (sizes === undefined || sizes.length < 12) return
  const view = viewOf(sizes)
  const count = view.getUint32(8)
  if (view.getUint32(4) === 0 && count > (sizes.length - 12) / 4) throw new Error("its table of frames is cut off")
  const chunks = findBox(table, ["stsc"]) ?? new Uint8Array()
  for (let at = 8; at + 12 <= chunks.length; at += 12) {
    const inChunk = viewOf(chunks).getUint32(at + 4)
    if (inChunk < 1 || inChunk > Math.max(count, 1)) throw new Error(`it says that a part of it has ${inChunk} frames`)
  }
}

const inIndex = (moov: Uint8Array): number =>
  Math.max(
    0,
    ...videoTracks(moov).flatMap((track) => {
      const table = findBox(track, ["mdia", "minf", "stbl"])
      if (table === undefined) return []
      checkTable(table)
      return ["stts", "ctts"].map((type) => runLengths(findBox(table, [type])))
    }),
  )

const inFragment = (moof: Uint8Array): number =>
  readBoxes(moof)
    .filter(({ type }) => type === "traf")
    .flatMap(({ content }) => readBoxes(content))
    .filter(({ type, content }) => type === "trun" && content.length >= 8)
    .reduce((sum, { content }) => sum + viewOf(content).getUint32(4), 0)

/**
 * Reads the index of an MP4 or QuickTime file; undefined when there is none.
 *
 * It refuses an index that counts more frames than a video can have, which would take a demuxer for ever. Fragments are
 * looked at until they have `enough` frames.
 *
 * @throws when a damaged count makes it so
 */
export const readMovieBox = async (readAt: ReadAt, enough: number = Infinity): Promise<Uint8Array | undefined> => {
  let frames = 0
  let movie: Uint8Array | undefined
  for await (const { type, position, headSize, size } of topBoxes(readAt)) {
    if (type !== "moov" && type !== "moof") continue
    if (size > LARGEST_INDEX) throw new Error("its index is too large")
    const content = (await readAt(position, size)).subarray(headSize)
    if (type === "moov") movie ??= content
    frames += type === "moov" ? inIndex(content) : inFragment(content)
    if (frames > MOST_FRAMES) throw new Error(`it says that it has ${frames} frames`)
    if (movie !== undefined && frames >= enough) break
  }
  return movie
}

// Atoms that old QuickTime files begin with. Source: QuickTime File Format, "Atom layout".
const QUICKTIME: ReadonlySet<string> = new Set(["moov", "mdat", "wide", "free", "skip", "pnot", "uuid"])

/** Whether a file without a file type box is a QuickTime movie: known atoms, one of which is the movie. */
export const isQuickTime = async (readAt: ReadAt): Promise<boolean> => {
  for await (const { type } of topBoxes(readAt)) {
    if (!QUICKTIME.has(type)) return false
    if (type === "moov") return true
  }
  return false
}
