import { parentPort, workerData } from "node:worker_threads"
import type { CoderAnswer, CoderAsk, CoderKind, CoderSettings } from "./coder-protocol.ts"
import type { Coder, CoderOptions } from "./frame-writer.ts"
import { openGifCoder } from "./gif-writer.ts"
import { openMp4Coder } from "./mp4-writer.ts"
import { openWebpCoder } from "./webp-writer.ts"

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
