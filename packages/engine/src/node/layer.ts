import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Engine } from "../engine.ts"
import { type EngineOptions, makeEngine } from "../make-engine.ts"
import { nodeRuntime } from "./node-runtime.ts"

/** Runs graphs by onnxruntime-node in worker threads, which are started when first needed and end with the layer's scope. */
export const layer = (options: EngineOptions = {}): Layer.Layer<Engine> =>
  Layer.effect(
    Engine,
    Effect.suspend(() => makeEngine(nodeRuntime(), options)),
  )
