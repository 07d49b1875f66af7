import type { RgbFrame } from "./image/rgb-frame.ts"

/** A video file whose head is read; its frames are decoded one by one, as they are taken. */
export interface OpenedVideo {
  /** Frames per second; undefined for pictures. */
  readonly fps: number | undefined
  /** JSON of the metadata, as it stands in the file. */
  readonly note: string | undefined
  /** Sentences on what is read in another way than the file has it; complete when the frames are taken. */
  readonly notices: ReadonlyArray<string>
  /** The frames at equal times, upright, in the order in which they are shown. */
  readonly frames: () => AsyncIterable<RgbFrame> | Iterable<RgbFrame>
  readonly close?: () => void
}
