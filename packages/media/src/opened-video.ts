import type { RgbFrame } from "./image/rgb-frame.ts"

/** A video file whose head is read; its frames are decoded one by one, as they are asked for. */
export interface OpenedVideo {
  /** Frames a second on average; undefined for pictures. */
  readonly fps: number | undefined
  /** JSON of the metadata, as it stands in the file. */
  readonly note: string | undefined
  /** The frames, upright, in the order in which they are shown. */
  readonly frames: () => AsyncIterable<RgbFrame> | Iterable<RgbFrame>
  readonly close?: () => void
}
