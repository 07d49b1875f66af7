import type { RgbFrame } from "./image/rgb-frame.ts"

/** The settings that an encoder is opened with: the size of the written picture, and what was left out filled in. */
export interface CoderOptions {
  readonly width: number
  readonly height: number
  readonly fps: number
  readonly quality: number
  /** The metadata's JSON. */
  readonly note: string | undefined
}

/** An encoder of one kind of file; `finish` and `dispose` free its memory. */
export interface Coder {
  readonly add: (frame: RgbFrame) => void | Promise<void>
  readonly finish: () => Uint8Array | Promise<Uint8Array>
  readonly dispose: () => void
}

/** The kinds of files that may be coded in a thread. */
export type CoderKind = "mp4" | "webp" | "gif"
