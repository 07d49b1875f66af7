import { MediaError } from "@auteur/core"
import {
  ALL_FORMATS,
  BlobSource,
  BufferSource,
  EncodedPacketSink,
  FilePathSource,
  HLS,
  Input,
  type InputFormat,
  type InputVideoTrack,
  Logging,
  LogLevel,
  QuickTimeInputFormat,
  registerDecoder,
  type Source,
} from "mediabunny"
import { atEqualTimes, toLegalRate, toRate } from "../frame-times.ts"
import type { RgbFrame } from "../image/rgb-frame.ts"
import type { OpenedSource } from "../media-source.ts"
import { METADATA_KEY } from "../metadata.ts"
import { type Edit, readEdits } from "../mp4/edit-list.ts"
import { isQuickTime, readMovieBox } from "../mp4/movie-boxes.ts"
import type { OpenedVideo } from "../opened-video.ts"
import { BaselineDecoder } from "./baseline-decoder.ts"
import { requireDecoder } from "./native-codecs.ts"
import { sampleToRgb } from "./sample-to-rgb.ts"
import { shownFrames } from "./shown-frames.ts"

registerDecoder(BaselineDecoder)

// What it would print, it throws as well.
Logging.level = LogLevel.Silent

/** QuickTime files from before there was a file type box, which mediabunny asks for. */
class OldQuickTime extends QuickTimeInputFormat {
  async _canReadInput(): Promise<boolean> {
    return true
  }
}

// A playlist (HLS) would have other files and addresses read.
const FORMATS: ReadonlyArray<InputFormat> = ALL_FORMATS.filter((format) => format !== HLS)

const MOST_READS = 20_000 // at one place, one after another

type Read = (start: number, ...range: ReadonlyArray<number>) => unknown

/** Fails where mediabunny reads the same few places for ever, as it does for Matroska elements that lead to themselves. */
const withoutCircles = <S extends Source>(source: S): S => {
  const counted = source as S & { _read: Read }
  const read = counted._read
  const counts = new Map<number, number>()
  counted._read = function (this: unknown, start, ...range) {
    if (counts.size > 1000) counts.clear()
    const count = (counts.get(start) ?? 0) + 1
    if (count > MOST_READS) throw new Error("its parts lead in a circle")
    counts.set(start, count)
    return read.call(this, start, ...range)
  }
  return source
}

const toMediabunny = (origin: OpenedSource["origin"]): Source => {
  if (typeof origin === "string") return withoutCircles(new FilePathSource(origin))
  return withoutCircles(origin instanceof Blob ? new BlobSource(origin) : new BufferSource(origin))
}

// Of so many frames, the rate is that of all.
const FRAMES_FOR_RATE = 256

interface Times {
  /** Frames per second; undefined for one frame without a duration. */
  readonly rate: number | undefined
  readonly ticksPerSecond: number
}

/** VP8 has frames that others refer to and that are not shown (RFC 6386 §9.1). */
const isShown = (codec: string | null, data: Uint8Array): boolean => codec !== "vp8" || ((data[0] ?? 0) & 0x10) !== 0

const readTimes = async (track: InputVideoTrack): Promise<Times> => {
  const codec = await track.getCodec()
  const ticksPerSecond = await track.getTimeResolution()
  const starts: Array<number> = []
  let last = 0
  const packets = new EncodedPacketSink(track).packets(undefined, undefined, { metadataOnly: codec !== "vp8" })
  for await (const { timestamp, duration, data } of packets) {
    if (isShown(codec, data)) starts.push(timestamp * ticksPerSecond)
    last = duration * ticksPerSecond
    if (starts.length >= FRAMES_FOR_RATE) break
  }
  const ordered = starts.toSorted((a, b) => a - b)
  const ticks = ordered.slice(1).map((start, i) => Math.round(start) - Math.round(ordered[i]!))
  if (ticks.length === 0) ticks.push(Math.round(last))
  return { rate: ticks.some((count) => count > 0) ? toRate(ticks, ticksPerSecond) : undefined, ticksPerSecond }
}

async function* framesOf(
  track: InputVideoTrack,
  edits: ReadonlyArray<Edit>,
  times: Times & { readonly fps: number },
  tell: { readonly notice: (notice: string) => void; readonly uneven: (notice: string) => void },
): AsyncGenerator<RgbFrame> {
  await requireDecoder(track)
  const toRgb = sampleToRgb(await track.getColorSpace(), tell.notice)
  const pictures = shownFrames(track, { edits, period: 1 / times.fps, toRgb })
  try {
    yield* atEqualTimes(pictures, { fps: times.fps, tick: 1 / times.ticksPerSecond }, tell.uneven)
  } catch (cause) {
    throw plainly(cause)
  }
}

/** Mediabunny asks to report its failed assertions as bugs: they are of files whose index is damaged. */
const plainly = (cause: unknown): unknown =>
  cause instanceof Error && !(cause instanceof MediaError) && /assert|internal error|report/i.test(cause.message)
    ? new Error("its index is damaged", { cause })
    : cause

/**
 * Opens a video in a container: MP4, QuickTime, WebM, Matroska, MPEG-TS and what else mediabunny knows.
 *
 * @param wanted frames that will be taken at most: the file is read no further than they need
 * @throws MediaError for a file without video and for a codec that is not there; other errors for damage
 */
export const openContainer = async ({ origin, readAt }: OpenedSource, wanted: number): Promise<OpenedVideo> => {
  const movie = await readMovieBox(readAt, 4 * wanted + 1000)
  const isOld = movie !== undefined && (await isQuickTime(readAt))
  const input = new Input({ source: toMediabunny(origin), formats: isOld ? [new OldQuickTime()] : [...FORMATS] })
  try {
    if (!(await input.canRead())) {
      throw new MediaError({
        message: "This is not a video of a known kind: name an MP4, WebM, GIF or WebP file, or a folder of PNG frames.",
      })
    }
    const track = await input.getPrimaryVideoTrack()
    if (track === null) {
      throw new MediaError({ message: "It has no video in it, or is cut off: name a file that has." })
    }
    const note = movie === undefined ? undefined : (await input.getMetadataTags()).raw?.[METADATA_KEY]
    const times = await readTimes(track)
    const { fps, notice } = toLegalRate(times.rate ?? 1)
    const notices: Array<string> = notice === undefined ? [] : [notice]
    if ((await input.getPrimaryAudioTrack()) !== null) {
      notices.push("Its sound is left out: videos are made without sound.")
    }
    if ((await track.getCodec()) === "vp8" && (await track.canBeTransparent())) {
      notices.push("Its transparency is left out: of VP8, only the colours are read.")
    }
    const tell = {
      notice: (sentence: string) => void notices.push(sentence),
      uneven: (sentence: string) => void (notice === undefined && notices.push(sentence)),
    }
    const edits = movie === undefined ? [] : readEdits(movie, track.id)
    return {
      fps: times.rate === undefined ? undefined : fps,
      note: typeof note === "string" ? note : undefined,
      notices,
      frames: () => framesOf(track, edits, { ...times, fps }, tell),
      close: () => input.dispose(),
    }
  } catch (cause) {
    input.dispose()
    throw plainly(cause)
  }
}
