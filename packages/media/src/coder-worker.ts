import { parentPort, workerData } from "node:worker_threads"
import type { Coder, CoderOptions } from "./frame-writer.ts"
import { openGifCoder } from "./gif/gif-writer.ts"
import { openMp4Coder } from "./mp4/mp4-writer.ts"
import type { RgbFrame } from "./image/rgb-frame.ts"
import { openWebpCoder } from "./webp/webp-writer.ts"

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

const openers: Readonly<Record<CoderKind, (options: CoderOptions) => Promise<Coder>>> = {
  mp4: openMp4Coder,
  webp: openWebpCoder,
  gif: openGifCoder,
}

const { kind, options } = workerData as CoderSettings
const opening = openers[kind](options)

const answer = async (ask: CoderAsk): Promise<CoderAnswer> => {
  try {
    const coder = await opening
    if (ask === "finish") return { bytes: await coder.finish() }
    await coder.add(ask.frame)
    return {}
  } catch (cause) {
    return { failure: cause instanceof Error ? cause.message : String(cause) }
  }
}

parentPort!.on("message", (ask: CoderAsk) => {
  void answer(ask).then((result) => parentPort!.postMessage(result))
})
