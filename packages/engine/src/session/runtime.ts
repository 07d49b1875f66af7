import type { HostTensor } from "../engine.ts"
import type { ElementType } from "../graph/element-type.ts"
import type { WeightMemory } from "../onnx/onnx-model.ts"

/** An ONNX model and how to hold it. */
export interface SessionSetup {
  readonly model: Uint8Array<ArrayBuffer>
  /** The folder that the locations of the external weights are relative to. */
  readonly folder: string
  readonly memory: WeightMemory
  /** Threads for each operator; 0 leaves the number to the runtime. */
  readonly threads: number
  /** Whether the session keeps the memory of its intermediate results for the next run. */
  readonly arena: boolean
}

/** One input of a run: numbers, or an output that an earlier run left on the same thread. */
export type RuntimeInput =
  | { readonly type: ElementType; readonly shape: ReadonlyArray<number>; readonly data: HostTensor["data"] }
  | { readonly kept: number }

export interface RunRequest {
  readonly session: number
  readonly inputs: Readonly<Record<string, RuntimeInput>>
  readonly outputs: ReadonlyArray<string>
  /** Outputs that stay on the thread, under these numbers. */
  readonly keep: Readonly<Record<string, number>>
}

/**
 * A thread that holds sessions and serves requests one after the other.
 *
 * The caller numbers sessions and kept tensors. Promises are rejected with an `Error` whose message says what went wrong.
 */
export interface RuntimeThread {
  readonly create: (session: number, setup: SessionSetup) => Promise<void>
  /** Takes over the buffers of its inputs. An abort drops the result, and the request too where it still waits. */
  readonly run: (request: RunRequest, signal: AbortSignal) => Promise<Record<string, HostTensor>>
  readonly read: (kept: number, signal: AbortSignal) => Promise<HostTensor>
  /** Gives sessions back, and their memory to the system. */
  readonly release: (sessions: ReadonlyArray<number>) => Promise<void>
  readonly free: (kept: ReadonlyArray<number>) => void
  readonly close: () => Promise<void>
}

/** Where weight files lie for a session. */
export interface Placement {
  readonly folder: string
  readonly locate: (file: string) => string
}

/** The machine as the engine needs it: threads that run ONNX models, files and memory. */
export interface Runtime {
  /** Starts a thread; `onExit` is called when it ends without being closed, after its requests have failed. */
  readonly start: (rank: number, onExit: () => void) => RuntimeThread
  readonly place: (files: ReadonlyArray<string>) => Placement
  /** Threads for each operator when a run does not say. */
  readonly threads: number
  /** Bytes that can be used now without pushing others out. */
  readonly availableMemory: () => number
}
