import { findBox } from "./box.ts"
import { videoTracks } from "./movie-boxes.ts"

/** A part of a track's frames, in the order in which parts are shown (ISO/IEC 14496-12 §8.6.6). */
export interface Edit {
  /** Seconds for which it is shown; infinite up to the end of the track. */
  readonly duration: number
  /** Seconds from the track's first time on; undefined when nothing is shown. */
  readonly start: number | undefined
  /** Seconds of the track per second; 0 holds one frame. */
  readonly rate: number
}

const TRACK_ID_AT = 12

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Ticks per second, in the content of a header of a movie or of its media. */
const timescale = (header: Uint8Array | undefined): number => {
  if (header === undefined || header.length < 24) throw new Error("a header is cut off")
  const ticks = viewOf(header).getUint32(header[0] === 1 ? 20 : 12)
  if (ticks === 0) throw new Error("a header says 0 ticks per second")
  return ticks
}

const trackId = (track: Uint8Array): number | undefined => {
  const header = findBox(track, ["tkhd"])
  const at = header?.[0] === 1 ? TRACK_ID_AT + 8 : TRACK_ID_AT
  return header === undefined || header.length < at + 4 ? undefined : viewOf(header).getUint32(at)
}

/**
 * The edits of a video track of a movie; none when all of it is shown as it is.
 *
 * @throws when a header that gives their times is damaged
 */
export const readEdits = (movie: Uint8Array, id: number): ReadonlyArray<Edit> => {
  const track = videoTracks(movie).find((content) => trackId(content) === id)
  const list = track && findBox(track, ["edts", "elst"])
  if (track === undefined || list === undefined || list.length < 8) return []
  const perMovieTick = 1 / timescale(findBox(movie, ["mvhd"]))
  const perMediaTick = 1 / timescale(findBox(track, ["mdia", "mdhd"]))
  const view = viewOf(list)
  const isLong = list[0] === 1
  const entrySize = isLong ? 20 : 12
  const count = Math.min(view.getUint32(4), Math.floor((list.length - 8) / entrySize))
  return Array.from({ length: count }, (_, i) => {
    const at = 8 + i * entrySize
    const ticks = isLong ? Number(view.getBigUint64(at)) : view.getUint32(at)
    const start = isLong ? Number(view.getBigInt64(at + 8)) : view.getInt32(at + 4)
    const rate = view.getInt32(at + entrySize - 4) / 65536
    return {
      // Fragmented files, whose length is not known when their head is written, say 0.
      duration: ticks === 0 && start >= 0 ? Infinity : ticks * perMovieTick,
      start: start < 0 ? undefined : start * perMediaTick,
      rate,
    }
  })
}

/** Seconds that mediabunny takes from a track's times for the edits that it knows of. */
export const knownOffset = (edits: ReadonlyArray<Edit>): number => {
  const first = edits.findIndex(({ start }) => start !== undefined)
  const edit = edits[first]
  if (edit === undefined || edit.rate !== 1) return 0
  return edit.start! - edits.slice(0, first).reduce((sum, { duration }) => sum + duration, 0)
}
