import * as assert from "node:assert"
import { parentPort } from "node:worker_threads"
import type * as Ort from "onnxruntime-node"
import type { HostTensor } from "../engine.ts"
import type { RuntimeInput, SessionSetup } from "../runtime.ts"
import { loadOnnxRuntime } from "./onnxruntime.ts"
import { type Answer, type Ask, loaded } from "./protocol.ts"

// The thread that ONNX Runtime blocks while it computes.

assert.ok(parentPort !== null, "worker.ts runs as a worker thread only")
const port = parentPort
const { InferenceSession, Tensor } = await loadOnnxRuntime()

const sessions = new Map<number, Ort.InferenceSession>()
const residents = new Map<number, Ort.Tensor>()

const options = ({ folder, memory, threads, arena }: SessionSetup): Ort.InferenceSession.SessionOptions => ({
  executionProviders: ["cpu"],
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  logSeverityLevel: 4, // what goes wrong is in the error
  graphOptimizationLevel: "all",
  // A memory pattern plans one block for a whole run: the same speed, and up to twice the memory of the arena alone.
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

const residentOf = (number: number): Ort.Tensor => {
  const tensor = residents.get(number)
  assert.ok(
    tensor !== undefined,
    `resident tensor ${number} is not there any more: it was freed, or the worker that held it ended`,
  )
  return tensor
}

const toTensor = (input: RuntimeInput): Ort.Tensor =>
  "resident" in input
    ? residentOf(input.resident)
    : new Tensor(input.type as "float32", input.data as Float32Array, input.shape)

const toHost = (tensor: Ort.Tensor): HostTensor => ({ data: tensor.data as Float32Array, shape: tensor.dims })

const answer = async (ask: Ask): Promise<Record<string, HostTensor>> => {
  switch (ask.kind) {
    case "create":
      sessions.set(ask.session, await InferenceSession.create(ask.setup.model, options(ask.setup)))
      return {}
    case "run": {
      const session = sessionOf(ask.session)
      const feeds: Record<string, Ort.Tensor> = {}
      for (const [name, input] of Object.entries(ask.inputs)) feeds[name] = toTensor(input)
      const results = await session.run(feeds)
      for (const [name, resident] of Object.entries(ask.keep)) residents.set(resident, results[name] as Ort.Tensor)
      return Object.fromEntries(ask.outputs.map((name) => [name, toHost(results[name] as Ort.Tensor)]))
    }
    case "read": {
      const { data, shape } = toHost(residentOf(ask.resident))
      return { tensor: { data: data.slice(), shape } }
    }
    case "release": {
      const session = sessions.get(ask.session)
      sessions.delete(ask.session)
      await session?.release()
      return {}
    }
    case "free":
      for (const resident of ask.residents) {
        const buffer = residents.get(resident)?.data as { readonly buffer: ArrayBuffer } | undefined
        // Detached, its memory is free at once; the garbage collector, which does not see how much it is, would come late.
        buffer?.buffer.transfer(0)
        residents.delete(resident)
      }
      return {}
  }
}

const reply = (answer: Answer, buffers: Array<ArrayBuffer> = []) => port.postMessage(answer, buffers)

let queue: Promise<void> = Promise.resolve()
port.on("message", (ask: Ask) => {
  queue = queue
    .then(() => answer(ask))
    .then(
      (outputs) =>
        reply(
          { outputs },
          Object.values(outputs).map(({ data }) => data.buffer as ArrayBuffer),
        ),
      (error: unknown) => reply({ failure: error instanceof Error ? error.message : String(error) }),
    )
})
port.postMessage(loaded)
