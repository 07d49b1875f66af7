import * as Layer from "effect/Layer"
import { Engine, type EngineOptions } from "../src/index.ts"
import { makeEngine } from "../src/make-engine.ts"
import { nodeRuntime } from "../src/node/node-runtime.ts"
import type { RuntimeThread, SessionSetup } from "../src/runtime.ts"

/** What an engine asked of its threads. */
export interface Recording {
  readonly started: Array<number>
  readonly created: Array<SessionSetup>
  readonly released: Array<number>
  readonly freed: Array<number>
}

/** The engine on real threads, with a record of what it asks of them. */
export const recordingEngine = (
  options: EngineOptions = {},
  start: (onExit: () => void) => RuntimeThread = (onExit) => nodeRuntime().start(0, onExit),
): { readonly layer: Layer.Layer<Engine>; readonly recording: Recording } => {
  const recording: Recording = { started: [], created: [], released: [], freed: [] }
  const runtime = {
    ...nodeRuntime(),
    start: (rank: number, onExit: () => void): RuntimeThread => {
      recording.started.push(rank)
      const thread = start(onExit)
      return {
        ...thread,
        create: (session, setup) => {
          recording.created.push(setup)
          return thread.create(session, setup)
        },
        release: (session) => {
          recording.released.push(session)
          thread.release(session)
        },
        free: (residents) => {
          recording.freed.push(...residents)
          thread.free(residents)
        },
      }
    },
  }
  return { layer: Layer.effect(Engine, makeEngine(runtime, options)), recording }
}
