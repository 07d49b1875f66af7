import type { RequestError } from "@auteur/core"
import { Engine, type Model } from "@auteur/engine"
import { layer } from "@auteur/engine/node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** What an engine has done so far. */
export interface Watch {
  /** Keys of the programs that were run, in the order that they ended. */
  readonly ran: Array<string>
  /** Bytes that are left in workers now, and the most there ever were. */
  resident: number
  peak: number
}

export const newWatch = (): Watch => ({ ran: [], resident: 0, peak: 0 })

/** The real engine, with a note of what its models do. */
export const watchedEngine = (watch: Watch): Layer.Layer<Engine, RequestError> =>
  Layer.effect(
    Engine,
    Engine.useSync((engine) =>
      Engine.of({ ...engine, open: (weights) => Effect.map(engine.open(weights), (model) => watched(model, watch)) }),
    ),
  ).pipe(Layer.provide(layer({ threads: 1 })))

const watched = (model: Model, watch: Watch): Model => {
  const sizes = new Map<number, number>()
  return {
    ...model,
    cost: model.cost,
    run: model.run,
    runAndKeep: (program, inputs, options) =>
      Effect.map(model.runAndKeep(program, inputs, options), (results) => {
        watch.ran.push(program.key)
        for (const { id, shape } of Object.values(results.kept)) {
          const bytes = 4 * shape.reduce((product, length) => product * length, 1)
          sizes.set(id, bytes)
          watch.resident += bytes
        }
        watch.peak = Math.max(watch.peak, watch.resident)
        return results
      }),
    free: (tensors) =>
      Effect.suspend(() => {
        const freed = [...tensors]
        for (const { id } of freed) {
          watch.resident -= sizes.get(id) ?? 0
          sizes.delete(id)
        }
        return model.free(freed)
      }),
  }
}
