import { freemem } from "node:os"
import type { Runtime } from "../runtime.ts"
import { threadCount } from "./machine.ts"
import { place } from "./placement.ts"
import { startThread } from "./thread.ts"

/** onnxruntime-node in worker threads. */
export const nodeRuntime = (): Runtime => ({
  start: (_rank, onExit) => startThread(onExit),
  place,
  threads: threadCount(),
  // Within the limits of a container, where the runtime tells.
  availableMemory: () => process.availableMemory?.() ?? freemem(),
})
