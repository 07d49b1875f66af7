import { parentPort, workerData } from "node:worker_threads"
import type { CoderReply, CoderRequest, ThreadSettings } from "./coder-thread.ts"
import { formats } from "./formats.ts"

const { kind, options } = workerData as ThreadSettings
const opening = formats[kind].open(options)

const reply = async (request: CoderRequest): Promise<CoderReply> => {
  try {
    const coder = await opening
    if (request === "finish") return { bytes: await coder.finish() }
    await coder.add(request.frame)
    return {}
  } catch (cause) {
    return { failure: cause instanceof Error ? cause.message : String(cause) }
  }
}

parentPort!.on("message", (request: CoderRequest) => {
  void reply(request).then((result) => parentPort!.postMessage(result))
})
