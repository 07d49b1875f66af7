import type { CoderOptions } from "./frame-writer.ts"
import type { RgbFrame } from "./rgb-frame.ts"

/** The kinds of files that are coded in a thread. */
export type CoderKind = "mp4" | "webp" | "gif"

/** What a thread is started with. */
export interface CoderSettings {
  readonly kind: CoderKind
  readonly options: CoderOptions
}

/** A frame to code, or the wish for the file. */
export type CoderAsk = { readonly frame: RgbFrame } | "finish"

/** The file, nothing after a frame, or the message of a failure. */
export interface CoderAnswer {
  readonly bytes?: Uint8Array
  readonly failure?: string
}
