import { Worker } from "node:worker_threads"
import { MediaError } from "@auteur/core"
import type { Coder, CoderKind, CoderOptions } from "./coder.ts"
import type { RgbFrame } from "./image/rgb-frame.ts"

/** The settings that a thread is started with. */
export interface ThreadSettings {
  readonly kind: CoderKind
  readonly options: CoderOptions
}

/** A frame to code, or the request for the finished file. */
export type CoderRequest = { readonly frame: RgbFrame } | "finish"

/** The file, nothing after a frame, or the message of a failure. */
export interface CoderReply {
  readonly bytes?: Uint8Array
  readonly failure?: string
}

// Beside this file, as .ts in the repository and as .js in the published package.
const file = new URL(`./coder-worker${import.meta.url.slice(import.meta.url.lastIndexOf("."))}`, import.meta.url)

/** Opens an encoder in a thread of its own. */
export const openInThread = async (settings: ThreadSettings): Promise<Coder> => {
  const worker = new Worker(file, { workerData: settings, execArgv: [] })
  worker.unref() // while nobody waits for it, it keeps no process alive
  let onReply: ((reply: CoderReply) => void) | undefined
  let ended: string | undefined
  const end = (failure: string): void => {
    ended ??= failure
    onReply?.({ failure: ended })
  }
  worker.on("message", (reply: CoderReply) => onReply?.(reply))
  worker.on("error", (cause: Error) => end(`The encoder failed (${cause.message}): try a smaller size.`))
  worker.on("exit", () => end("The encoder has ended: open a new writer for more frames."))

  const send = async (request: CoderRequest, buffers: ReadonlyArray<ArrayBuffer> = []): Promise<CoderReply> => {
    if (ended !== undefined) throw new MediaError({ message: ended })
    worker.ref()
    worker.postMessage(request, buffers)
    const reply = await new Promise<CoderReply>((resolve) => {
      onReply = resolve
    })
    worker.unref()
    if (reply.failure !== undefined) throw new MediaError({ message: reply.failure })
    return reply
  }
  return {
    add: async ({ width, height, data }) => {
      // The caller keeps its bytes.
      const copy = new Uint8Array(data)
      await send({ frame: { width, height, data: copy } }, [copy.buffer])
    },
    finish: async () => {
      try {
        return (await send("finish")).bytes!
      } finally {
        await worker.terminate()
      }
    },
    dispose: () => void worker.terminate(),
  }
}
