import { isMainThread } from "node:worker_threads"
import { cFunction } from "./c-library.ts"

/** Without this variable, ONNX Runtime's telemetry starts with the library: it writes a device id and a database, and sends usage data. */
const variable = "ORT_DISABLE_TELEMETRY"

// `process.env` is a copy of the environment that native code reads in worker threads and on Bun; Deno wants a permission for it.
const setsByFfi = process.platform !== "win32" && (process.versions.bun ?? process.versions["deno"]) !== undefined

/** Loads onnxruntime-node with its telemetry off. Nothing else may load it. */
export const loadOnnxRuntime = async (): Promise<typeof import("onnxruntime-node")> => {
  switchTelemetryOff()
  if (setsByFfi) await setByFfi()
  // A thread whose copy has the variable has inherited it from the main thread.
  else if (process.env[variable] !== "1") await setOnMainThread()
  return import("onnxruntime-node")
}

/** Switches the telemetry off where the main thread can do so; a thread that loads the library inherits it. */
export const switchTelemetryOff = (): void => {
  if (isMainThread && !setsByFfi) process.env[variable] = "1"
}

const setByFfi = async (): Promise<void> => {
  const setenv = await cFunction("setenv", ["buffer", "buffer", "i32"])
  setenv(cString(variable), cString("1"), 1)
}

const cString = (text: string): Uint8Array => new TextEncoder().encode(`${text}\0`)

/** For a program that runs the engine inside a worker thread of its own: Node's inspector reaches the main thread from there. */
const setOnMainThread = async (): Promise<void> => {
  const { Session } = await import("node:inspector/promises")
  const session = new Session()
  // A pending reply of the inspector does not keep a thread alive.
  const alive = setInterval(() => {}, 1000)
  try {
    session.connectToMainThread()
    const { exceptionDetails } = await session.post("Runtime.evaluate", { expression: `process.env.${variable} = "1"` })
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.text)
  } catch (cause) {
    throw new Error(
      `ONNX Runtime's telemetry cannot be switched off from this thread: start the program with ${variable}=1 in its environment`,
      { cause },
    )
  } finally {
    clearInterval(alive)
    session.disconnect()
  }
}
