import { COLOUR_SIGNAL } from "./colour-signal.ts"
import { METADATA_KEY } from "../metadata.ts"
import { box, concatBytes, fullBox, latin1, u16, u32, u8 } from "./box.ts"

/** An H.264 stream in decoding order, one NAL unit a frame, without start codes. */
export interface H264Stream {
  readonly width: number
  readonly height: number
  readonly fps: number
  readonly sps: Uint8Array
  readonly pps: Uint8Array
  readonly frames: ReadonlyArray<Uint8Array>
  /** JSON of the metadata. */
  readonly note: string | undefined
}

const INSTANTANEOUS_REFRESH = 5 // nal_unit_type of a frame at which a player can start

// A frame lasts 1000 ticks, so that rates such as 23.976 are exact to a thousandth.
const TICKS_PER_FRAME = 1000

const UNITY_MATRIX = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
const NEVER = u32(0, 0) // creation and modification time: none, so that equal frames give equal bytes

const sampleEntry = ({ width, height, sps, pps }: H264Stream): Uint8Array =>
  box(
    "avc1",
    u16(0, 0, 0, 1), // reserved, data reference 1
    new Uint8Array(16),
    u16(width, height),
    u32(0x480000, 0x480000, 0), // 72 dots per inch
    u16(1), // one frame a sample
    new Uint8Array(32), // no compressor name
    u16(24, 0xffff), // colour depth, no colour table
    box("avcC", u8(1, sps[1]!, sps[2]!, sps[3]!, 0xff, 0xe1), u16(sps.length), sps, u8(1), u16(pps.length), pps),
    box(
      "colr",
      latin1("nclx"),
      u16(COLOUR_SIGNAL.primaries, COLOUR_SIGNAL.transfer, COLOUR_SIGNAL.matrix),
      u8(COLOUR_SIGNAL.fullRange << 7),
    ),
  )

const sampleTable = (stream: H264Stream, firstByte: number): Uint8Array => {
  const { frames } = stream
  const keyFrames = frames.flatMap((nal, i) => ((nal[0]! & 31) === INSTANTANEOUS_REFRESH ? [i + 1] : []))
  return box(
    "stbl",
    fullBox("stsd", 0, u32(1), sampleEntry(stream)),
    fullBox("stts", 0, u32(1, frames.length, TICKS_PER_FRAME)),
    fullBox("stss", 0, u32(keyFrames.length, ...keyFrames)),
    fullBox("stsc", 0, u32(1, 1, frames.length, 1)), // one chunk holds all
    fullBox("stsz", 0, u32(0, frames.length, ...frames.map((nal) => nal.length + 4))),
    fullBox("stco", 0, u32(1, firstByte)),
  )
}

// One text under a key of its own, as QuickTime's metadata has it (QuickTime File Format, "Metadata").
const userData = (note: string): Uint8Array => {
  const text = new TextEncoder().encode(note)
  const UTF_8 = 1
  return box(
    "udta",
    fullBox(
      "meta",
      0,
      fullBox("hdlr", 0, u32(0), latin1("mdta"), u32(0, 0, 0), u8(0)),
      fullBox("keys", 0, u32(1), box("mdta", latin1(METADATA_KEY))),
      // The item's type is the number of its key.
      box("ilst", box("\0\0\0\x01", box("data", u32(UTF_8, 0), text))),
    ),
  )
}

const movie = (stream: H264Stream, firstByte: number): Uint8Array => {
  const { width, height, fps, frames } = stream
  const timescale = Math.round(fps * TICKS_PER_FRAME)
  const duration = frames.length * TICKS_PER_FRAME
  const dataReference = fullBox("dref", 0, u32(1), fullBox("url ", 1)) // 1: in this very file
  const media = box(
    "mdia",
    fullBox("mdhd", 0, NEVER, u32(timescale, duration), u16(0x55c4, 0)), // language: undetermined
    fullBox("hdlr", 0, u32(0), latin1("vide"), u32(0, 0, 0), latin1("video\0")),
    box("minf", fullBox("vmhd", 1, u16(0, 0, 0, 0)), box("dinf", dataReference), sampleTable(stream, firstByte)),
  )
  const track = box(
    "trak",
    fullBox(
      "tkhd",
      3, // enabled, in the movie
      NEVER,
      u32(1, 0, duration, 0, 0),
      u16(0, 0, 0, 0), // layer, group, volume
      UNITY_MATRIX,
      u32(width << 16, height << 16),
    ),
    media,
  )
  return box(
    "moov",
    fullBox(
      "mvhd",
      0,
      NEVER,
      u32(timescale, duration, 0x10000),
      u16(0x100, 0),
      u32(0, 0),
      UNITY_MATRIX,
      new Uint8Array(24),
      u32(2), // the next track's number
    ),
    track,
    ...(stream.note === undefined ? [] : [userData(stream.note)]),
  )
}

/**
 * Writes an MP4 file with one H.264 track, its index before its frames, so that it plays while it loads.
 *
 * Equal streams give equal bytes. Source: ISO/IEC 14496-12 (boxes), 14496-15 §5.3 (avc1).
 */
export const toMp4 = (stream: H264Stream): Uint8Array => {
  const type = box("ftyp", latin1("isom"), u32(0x200), latin1("isomiso2avc1mp41"))
  const firstByte = type.length + movie(stream, 0).length + 8
  const samples = stream.frames.flatMap((nal) => [u32(nal.length), nal])
  return concatBytes([type, movie(stream, firstByte), box("mdat", ...samples)])
}
