import type { AnyTensor } from "@auteur/core"
import type { Engine } from "@auteur/engine"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** Does a job's work once; `index` counts the runs of this process. */
export type Run = (index: number) => Effect.Effect<AnyTensor, unknown>

/** Loads what a job needs. */
export type MakeRun = Effect.Effect<Run, unknown, Engine | Scope.Scope>
