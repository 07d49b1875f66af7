import { freemem } from "node:os"
import * as Layer from "effect/Layer"
import { Engine } from "../engine.ts"
import { type EngineOptions, makeEngine } from "../make-engine.ts"
import type { Runtime } from "../runtime.ts"
import { threadCount } from "./machine.ts"
import { place } from "./placement.ts"
import { startThread } from "./thread.ts"

/** Runs graphs by onnxruntime-node in worker threads, which are started when first needed and end with the layer's scope. */
export const layer = (options: EngineOptions = {}): Layer.Layer<Engine> =>
  Layer.effect(Engine, makeEngine(nodeRuntime(), options))

const nodeRuntime = (): Runtime => ({
  start: (_rank, onExit) => startThread(onExit),
  place,
  threads: threadCount(),
  // Within the limits of a container, where the runtime tells.
  availableMemory: () => process.availableMemory?.() ?? freemem(),
})
