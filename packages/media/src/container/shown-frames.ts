import { EncodedPacketSink, type InputVideoTrack, type VideoSample, VideoSampleSink } from "mediabunny"
import type { TimedPicture } from "../frame-times.ts"
import type { RgbFrame } from "../image/rgb-frame.ts"
import { type Edit, knownOffset } from "../mp4/edit-list.ts"
import { givingUp } from "./native-codecs.ts"

/** A part of a track to show, in the times that mediabunny gives its frames. */
interface Part {
  readonly start: number
  readonly duration: number
  readonly rate: number
  /** Seconds before it in which nothing is shown. */
  readonly wait: number
}

const WHOLE: Part = { start: -Infinity, duration: Infinity, rate: 1, wait: 0 }

/** The parts that edits show; time before the first frame and after the last, in which nothing is shown, is left out. */
const toParts = (edits: ReadonlyArray<Edit>): ReadonlyArray<Part> => {
  const offset = knownOffset(edits)
  const parts: Array<Part> = []
  let wait = 0
  for (const { start, duration, rate } of edits) {
    if (start === undefined) wait += duration
    else {
      // No player plays backwards.
      parts.push({ start: start - offset, duration, rate: rate < 0 ? 1 : rate, wait: parts.length === 0 ? 0 : wait })
      wait = 0
    }
  }
  return parts.length === 0 ? [WHOLE] : parts
}

/** Fails when a track's frames end before those of its index: a decoder gives what it has without a word. */
const requireAll = async (track: InputVideoTrack, end: number, lastTime: number): Promise<void> => {
  const last = await new EncodedPacketSink(track).getPacket(end, { metadataOnly: true })
  if (last !== null && last.timestamp > lastTime + 1e-6 && last.timestamp < end - 1e-6) {
    throw new Error("its last frames are missing")
  }
}

interface Options {
  readonly edits: ReadonlyArray<Edit>
  /** Seconds of a frame that does not say how long it is. */
  readonly period: number
  readonly toRgb: (sample: VideoSample) => Promise<RgbFrame>
}

/** The frames of a track as its edits show them. A frame stays while nothing else is shown. */
export async function* shownFrames(
  track: InputVideoTrack,
  { edits, period, toRgb }: Options,
): AsyncGenerator<TimedPicture> {
  const sink = new VideoSampleSink(track)
  let clock = 0
  let held: VideoSample | undefined
  const timed = (sample: VideoSample, until: number): TimedPicture => ({
    until,
    picture: async () => {
      try {
        return await toRgb(sample)
      } finally {
        sample.close()
      }
    },
    leaveOut: () => sample.close(),
  })
  try {
    for (const { start, duration, rate, wait } of toParts(edits)) {
      clock += wait
      const end = duration === Infinity ? Infinity : start + (rate === 0 ? 1e-6 : duration * rate)
      const samples = sink.samples(start, end)
      let first: number | undefined = Number.isFinite(start) ? start : undefined
      let [lastTime, lastEnd] = [-Infinity, clock]
      try {
        for await (const sample of givingUp(samples)) {
          first ??= sample.timestamp
          const toClock = (time: number): number => clock + Math.max(0, time - first!) / (rate === 0 ? 1 : rate)
          if (held !== undefined) yield timed(held, toClock(sample.timestamp))
          held = sample
          lastTime = sample.timestamp
          lastEnd = toClock(sample.timestamp + (sample.duration > 0 ? sample.duration : period))
        }
      } finally {
        await samples.return()
      }
      await requireAll(track, end, lastTime)
      clock = rate === 0 ? clock + duration : Math.min(clock + duration, lastEnd)
    }
    if (held !== undefined) {
      const last = held
      held = undefined
      yield timed(last, clock)
    }
  } finally {
    held?.close()
  }
}
