import { Worker } from "node:worker_threads"
import type { HostTensor } from "../engine.ts"
import type { RuntimeThread } from "../session/runtime.ts"
import { switchTelemetryOff } from "./onnxruntime.ts"
import type { Message, Request } from "./protocol.ts"

interface Pending {
  readonly request: Request
  readonly buffers: ReadonlyArray<ArrayBuffer>
  readonly resolve: (outputs: Readonly<Record<string, HostTensor>>) => void
  readonly reject: (error: Error) => void
  /** Whether nobody waits for the reply any more. */
  dropped: boolean
}

// Beside this file, as .ts in the repository and as .js in the published package.
const besideThis = new URL(`./worker${import.meta.url.slice(import.meta.url.lastIndexOf("."))}`, import.meta.url)

/** Starts a worker thread. Requests wait here and are sent one at a time, so that an abandoned one is never started. */
export const startThread = (onExit: () => void, file: URL = besideThis): RuntimeThread => {
  switchTelemetryOff()
  // ONNX Runtime reads the whole command line by a recursion as deep as it is long, and a prompt may stand in it.
  const worker = new Worker(file, { resourceLimits: { stackSizeMb: 64 } })
  const waiting: Array<Pending> = []
  let current: Pending | undefined
  let ended: string | undefined
  let isLoaded = false
  let closing = false
  let failure = ""
  let idle = () => {}
  // A thread that is ended while it loads ONNX Runtime, or is inside it, takes the process with it.
  const isEndable = () => ended !== undefined || (isLoaded && current === undefined)
  // A worker that nobody waits for must not keep the process alive; whoever closes it waits for its end.
  const settle = () => {
    if (closing || !isLoaded || (current !== undefined && !current.dropped) || waiting.length > 0) worker.ref()
    else worker.unref()
  }
  const next = () => {
    if (current === undefined && isLoaded) {
      current = waiting.shift()
      if (current !== undefined) worker.postMessage(current.request, current.buffers)
      else if (closing && isEndable()) idle()
    }
    settle()
  }
  worker.on("message", (message: Message) => {
    if (message.kind === "loaded") isLoaded = true
    else {
      const done = current
      current = undefined
      if (done !== undefined && !done.dropped) {
        if (message.kind === "failure") done.reject(new Error(message.problem))
        else done.resolve(message.outputs)
      }
    }
    next()
  })
  worker.on("error", (error: unknown) => {
    failure = `: ${error instanceof Error ? error.message : String(error)}`
  })
  worker.on("exit", (code) => {
    ended = closing
      ? "the engine was closed"
      : `its worker thread ended by itself (code ${code}${failure}); run it again, a new one will be started`
    for (const pending of [current, ...waiting.splice(0)]) pending?.reject(new Error(ended))
    current = undefined
    idle()
    if (!closing) onExit()
  })

  const send = (request: Request, buffers: ReadonlyArray<ArrayBuffer> = [], signal?: AbortSignal) =>
    new Promise<Readonly<Record<string, HostTensor>>>((resolve, reject) => {
      if (ended !== undefined) return reject(new Error(ended))
      if (signal?.aborted === true) return reject(new Error("nobody waits for it any more"))
      const pending: Pending = { request, buffers, resolve, reject, dropped: false }
      waiting.push(pending)
      signal?.addEventListener("abort", () => {
        pending.dropped = true
        const index = waiting.indexOf(pending)
        if (index >= 0) waiting.splice(index, 1)
        settle()
      })
      next()
    })
  return {
    create: async (session, setup) => {
      await send({ kind: "create", session, setup }, [setup.model.buffer])
    },
    run: async (request, signal) => {
      const buffers = Object.values(request.inputs).flatMap((input) =>
        "data" in input ? [input.data.buffer as ArrayBuffer] : [],
      )
      return send({ kind: "run", ...request }, buffers, signal)
    },
    read: async (kept, signal) => (await send({ kind: "read", kept }, [], signal))["tensor"]!,
    release: async (sessions) => {
      await send({ kind: "release", sessions })
    },
    free: (kept) => {
      // It fails only where the worker, and so what it would free, is gone.
      send({ kind: "free", kept }).catch(() => {})
    },
    close: async () => {
      closing = true
      for (const pending of waiting.splice(0)) pending.reject(new Error("the engine was closed"))
      settle()
      if (!isEndable()) await new Promise<void>((resolve) => (idle = resolve))
      await worker.terminate()
    },
  }
}
