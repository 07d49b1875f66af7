import { Worker } from "node:worker_threads"
import { MediaError } from "@auteur/core"
import type { CoderAnswer, CoderAsk, CoderKind, CoderSettings } from "./coder-worker.ts"
import type { Coder, CoderOptions } from "./frame-writer.ts"

// Pixels of a frame that take the encoders about 15 milliseconds, which is not worth a thread.
const SMALL = 256 * 256

// Beside this file, as .ts in the repository and as .js in the published package.
const file = new URL(`./coder-worker${import.meta.url.slice(import.meta.url.lastIndexOf("."))}`, import.meta.url)

const openInThread = async (settings: CoderSettings): Promise<Coder> => {
  const worker = new Worker(file, { workerData: settings, execArgv: [] })
  worker.unref() // while nobody waits for it, it keeps no process alive
  let answered: ((answer: CoderAnswer) => void) | undefined
  let ended: string | undefined
  const end = (failure: string): void => {
    ended ??= failure
    answered?.({ failure: ended })
  }
  worker.on("message", (answer: CoderAnswer) => answered?.(answer))
  worker.on("error", (cause: Error) => end(`The encoder failed (${cause.message}): try a smaller size.`))
  worker.on("exit", () => end("The encoder has ended: open a new writer for more frames."))

  const ask = async (message: CoderAsk, buffers: ReadonlyArray<ArrayBuffer> = []): Promise<CoderAnswer> => {
    if (ended !== undefined) throw new MediaError({ message: ended })
    worker.ref()
    worker.postMessage(message, buffers)
    const answer = await new Promise<CoderAnswer>((resolve) => {
      answered = resolve
    })
    worker.unref()
    if (answer.failure !== undefined) throw new MediaError({ message: answer.failure })
    return answer
  }
  return {
    add: async ({ width, height, data }) => {
      // The caller keeps its bytes.
      const copy = new Uint8Array(data)
      await ask({ frame: { width, height, data: copy } }, [copy.buffer])
    },
    finish: async () => {
      try {
        return (await ask("finish")).bytes!
      } finally {
        await worker.terminate()
      }
    },
    dispose: () => void worker.terminate(),
  }
}

/** Opens an encoder: in a thread of its own when its frames are so large that coding one would hold up others. */
export const openCoder =
  (kind: CoderKind, open: (options: CoderOptions) => Promise<Coder>) =>
  (options: CoderOptions): Promise<Coder> =>
    options.width * options.height <= SMALL ? open(options) : openInThread({ kind, options })
