import * as assert from "node:assert"
import { parentPort } from "node:worker_threads"
import type * as Ort from "onnxruntime-node"
import type { HostTensor } from "../engine.ts"
import type { RuntimeInput, SessionSetup } from "../session/runtime.ts"
import { trimMemory } from "./c-library.ts"
import { loadOnnxRuntime } from "./onnxruntime.ts"
import type { Message, Request } from "./protocol.ts"

// The thread that ONNX Runtime blocks while it computes.

assert.ok(parentPort !== null, "worker.ts runs as a worker thread only")
const port = parentPort
const { InferenceSession, Tensor } = await loadOnnxRuntime()

const sessions = new Map<number, Ort.InferenceSession>()
/** Outputs that stay here for later runs. */
const kept = new Map<number, Ort.Tensor>()

const options = ({ folder, memory, threads, arena }: SessionSetup): Ort.InferenceSession.SessionOptions => ({
  executionProviders: ["cpu"],
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  logSeverityLevel: 4, // what goes wrong is in the error
  graphOptimizationLevel: "all",
  // A memory pattern is one block for a whole run: the same speed, and up to twice the memory of the arena alone.
  enableMemPattern: false,
  enableCpuMemArena: arena,
  extra: {
    session: {
      model_external_initializers_file_folder_path: folder,
      // Threads spin for work during a run, which makes small operators a quarter faster, and sleep after it.
      force_spinning_stop: "1",
      // A packed copy of each weight is worth its memory only where there is a float32 copy anyway.
      ...(memory === "map" ? { disable_prepacking: "1" } : {}),
    },
    // Folding would widen all 16-bit weights when the session is made.
    ...(memory === "map" ? { optimization: { disable_specified_optimizers: "ConstantFolding" } } : {}),
  },
})

const sessionOf = (number: number): Ort.InferenceSession => {
  const session = sessions.get(number)
  assert.ok(session !== undefined, `session ${number} is not on this worker`)
  return session
}

const keptTensor = (number: number): Ort.Tensor => {
  const tensor = kept.get(number)
  assert.ok(
    tensor !== undefined,
    `tensor ${number} is not on this worker: it was freed, or the worker that held it ended`,
  )
  return tensor
}

const toTensor = (input: RuntimeInput): Ort.Tensor =>
  "kept" in input
    ? keptTensor(input.kept)
    : new Tensor(input.type as "float32", input.data as Float32Array, input.shape)

const toHost = (tensor: Ort.Tensor): HostTensor => ({ data: tensor.data as Float32Array, shape: tensor.dims })

const serve = async (request: Request): Promise<Record<string, HostTensor>> => {
  switch (request.kind) {
    case "create":
      sessions.set(request.session, await InferenceSession.create(request.setup.model, options(request.setup)))
      return {}
    case "run": {
      const session = sessionOf(request.session)
      const feeds: Record<string, Ort.Tensor> = {}
      for (const [name, input] of Object.entries(request.inputs)) feeds[name] = toTensor(input)
      const results = await session.run(feeds)
      for (const [name, number] of Object.entries(request.keep)) kept.set(number, results[name] as Ort.Tensor)
      return Object.fromEntries(request.outputs.map((name) => [name, toHost(results[name] as Ort.Tensor)]))
    }
    case "read": {
      const { data, shape } = toHost(keptTensor(request.kept))
      return { tensor: { data: data.slice(), shape } }
    }
    case "release":
      for (const number of request.sessions) {
        const session = sessions.get(number)
        sessions.delete(number)
        await session?.release()
      }
      await trimMemory()
      return {}
    case "free":
      for (const number of request.kept) {
        const buffer = kept.get(number)?.data as { readonly buffer: ArrayBuffer } | undefined
        // Detached, its memory is free at once; the garbage collector, which does not see how much it is, would come late.
        buffer?.buffer.transfer(0)
        kept.delete(number)
      }
      return {}
  }
}

const send = (message: Message, buffers: Array<ArrayBuffer> = []) => port.postMessage(message, buffers)

let queue: Promise<void> = Promise.resolve()
port.on("message", (request: Request) => {
  queue = queue
    .then(() => serve(request))
    .then(
      (outputs) =>
        send(
          { kind: "outputs", outputs },
          Object.values(outputs).map(({ data }) => data.buffer as ArrayBuffer),
        ),
      (error: unknown) => send({ kind: "failure", problem: error instanceof Error ? error.message : String(error) }),
    )
})
send({ kind: "loaded" })
