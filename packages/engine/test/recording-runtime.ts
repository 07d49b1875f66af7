import type { RequestError } from "@auteur/core"
import * as Layer from "effect/Layer"
import { Engine, type EngineOptions } from "../src/index.ts"
import { nodeRuntime } from "../src/node/layer.ts"
import { makeEngine } from "../src/session/make-engine.ts"
import type { RuntimeThread, SessionSetup } from "../src/session/runtime.ts"

/** The requests of an engine to its threads. */
export interface Recording {
  readonly started: Array<number>
  readonly created: Array<SessionSetup>
  readonly released: Array<number>
  readonly freed: Array<number>
}

/** The engine on real threads, with a record of its requests. */
export const recordingEngine = (
  options: EngineOptions = {},
  start: (onExit: () => void) => RuntimeThread = (onExit) => nodeRuntime().start(0, onExit),
): { readonly layer: Layer.Layer<Engine, RequestError>; readonly recording: Recording } => {
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
        release: (sessions) => {
          recording.released.push(...sessions)
          return thread.release(sessions)
        },
        free: (kept) => {
          recording.freed.push(...kept)
          thread.free(kept)
        },
      }
    },
  }
  return { layer: Layer.effect(Engine, makeEngine(runtime, options)), recording }
}
