import type { EngineError, ModelError } from "@auteur/core"
import type { HostTensor, Model, Program, WorkerTensor, RunOptions } from "@auteur/engine"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** Tensors that were left in workers, none of which outlives a scope. */
export class Residents {
  readonly #model: Model
  readonly #held = new Set<WorkerTensor>()

  private constructor(model: Model) {
    this.#model = model
  }

  static make(model: Model): Effect.Effect<Residents, never, Scope.Scope> {
    return Effect.acquireRelease(
      Effect.sync(() => new Residents(model)),
      (residents) => Effect.suspend(() => residents.free(residents.#held)),
    )
  }

  /** Runs a program and answers with all of its outputs, those in `keep` as tensors that stayed in the worker. */
  run(
    program: Program,
    inputs: Readonly<Record<string, HostTensor | WorkerTensor>>,
    options: RunOptions & { readonly keep: ReadonlyArray<string> },
  ): Effect.Effect<Readonly<Record<string, HostTensor | WorkerTensor>>, EngineError | ModelError> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.map(restore(this.#model.runAndKeep(program, inputs, options)), ({ outputs, kept }) => {
        for (const tensor of Object.values(kept)) this.#held.add(tensor)
        return { ...outputs, ...kept }
      }),
    )
  }

  /** Gives back those of the tensors that are in a worker. */
  free(tensors: Iterable<HostTensor | WorkerTensor>): Effect.Effect<void> {
    const resident = [...tensors].filter((tensor) => "id" in tensor)
    for (const tensor of resident) this.#held.delete(tensor)
    return resident.length === 0 ? Effect.void : this.#model.free(resident)
  }
}
