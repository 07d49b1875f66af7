import type { RequestError } from "@auteur/core"
import { Engine, type Model } from "@auteur/engine"
import { layer } from "@auteur/engine/node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** A record of an engine. */
export interface Watch {
  /** Keys of the programs that were run, in the order in which they ended. */
  readonly ran: Array<string>
  /** Models that were opened. */
  opened: number
  /** Bytes that are left in workers now, and the most there ever were. */
  kept: number
  peak: number
}

export const newWatch = (): Watch => ({ ran: [], opened: 0, kept: 0, peak: 0 })

/** The real engine, with a record of what its models do. */
export const watchedEngine = (watch: Watch): Layer.Layer<Engine, RequestError> =>
  Layer.effect(
    Engine,
    Engine.useSync((engine) =>
      Engine.of({
        ...engine,
        open: (weights) =>
          Effect.map(engine.open(weights), (model) => {
            watch.opened++
            return watched(model, watch)
          }),
      }),
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
          watch.kept += bytes
        }
        watch.peak = Math.max(watch.peak, watch.kept)
        return results
      }),
    free: (tensors) =>
      Effect.suspend(() => {
        const freed = [...tensors]
        for (const { id } of freed) {
          watch.kept -= sizes.get(id) ?? 0
          sizes.delete(id)
        }
        return model.free(freed)
      }),
  }
}
