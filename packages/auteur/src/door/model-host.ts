import type { ModelError, PluginError, RequestError } from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import type * as Scope from "effect/Scope"
import { CurrentModel, modelLayer, type ModelLayerOptions, type ModelServices } from "../model/model-services.ts"
import type { OpenModelOptions } from "./options.ts"
import { AbortError, rejectTagged } from "./tagged-error.ts"
import { Turns } from "./turns.ts"

type Work<A, E> = Effect.Effect<A, E, ModelServices | Scope.Scope>

interface RunOptions {
  readonly signal?: AbortSignal | undefined
  /** Whether the work waits for its turn among the requests of the model. */
  readonly inTurn: boolean
}

/** Runs the work of an open model, in turn and until the model is closed. */
export interface ModelHost {
  readonly run: <A, E>(work: Work<A, E>, options: RunOptions) => Promise<A>
  readonly unload: () => Promise<void>
  readonly close: () => Promise<void>
}

type HostOptions = Pick<OpenModelOptions, "concurrency" | "telemetry"> & ModelLayerOptions

/** Opens a model with the first work. */
export const makeHost = ({ concurrency = 1, telemetry = Layer.empty, ...options }: HostOptions): ModelHost => {
  const runtime = ManagedRuntime.make(Layer.provideMerge(modelLayer(options), telemetry))
  const requests = new Turns()
  const closing = new AbortController()
  const running = new Set<Promise<unknown>>()

  const run = async <A, E>(work: Work<A, E>, places: number, outside?: AbortSignal): Promise<A> => {
    const signal = outside === undefined ? closing.signal : AbortSignal.any([closing.signal, outside])
    if (signal.aborted) throw AbortError.from(signal.reason)
    const turn = places === 0 ? Effect.void : requests.take(places, () => concurrency)
    const effect = Effect.scoped(
      Effect.andThen(
        turn,
        Effect.flatMap(runtime.contextEffect, (services) => Effect.provideContext(work, services)),
      ),
    )
    const exit = Effect.runPromiseExit<A, E | ModelError | RequestError | PluginError>(effect, { signal })
    running.add(exit)
    try {
      return await rejectTagged(exit, signal)
    } finally {
      running.delete(exit)
    }
  }
  return {
    run: (work, { inTurn, signal }) => run(work, inTurn ? 1 : 0, signal),
    unload: () =>
      run(
        CurrentModel.use(({ engine }) => engine.unload),
        concurrency,
      ),
    close: async () => {
      closing.abort(new AbortError("The model was closed."))
      await Promise.all(running)
      await runtime.dispose()
    },
  }
}
