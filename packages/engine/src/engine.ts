import type { Cost, EngineError, ModelError, Weights } from "@auteur/core"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Graph } from "./graph.ts"
import type { WeightScope } from "./weight-scope.ts"

/** A model at one shape: a function from weights to a graph. */
export interface Program {
  /** Tells programs of one model apart: its part and its shapes, such as `decode 2x8x8 next`. */
  readonly key: string
  /** Declares the inputs, applies the operators and names the outputs. */
  readonly build: (graph: Graph, weights: WeightScope) => void
}

/** Numbers going into or coming out of a run. */
export interface HostTensor {
  readonly data: Float32Array | BigInt64Array | Int32Array | Uint8Array
  readonly shape: ReadonlyArray<number>
}

/** An output that stays where it was computed, to be the input of a later run without a copy through the caller. */
export interface ResidentTensor {
  readonly resident: number
  readonly rank: number
  readonly shape: ReadonlyArray<number>
}

export interface RunOptions {
  /** Which worker runs it; workers are started when first named. Default 0. */
  readonly rank?: number
  /** Threads for each operator. Default: one for each physical core. */
  readonly threads?: number
  /** Outputs to leave in the worker; they come back as {@link ResidentTensor} and must be freed. */
  readonly keep?: ReadonlyArray<string>
}

/** A checkpoint opened in the engine: runs programs on its weights, with one session for each program, made when first needed. */
export interface Model {
  readonly run: (
    program: Program,
    inputs: Readonly<Record<string, HostTensor | ResidentTensor>>,
    options?: RunOptions,
  ) => Effect.Effect<Readonly<Record<string, HostTensor>>, EngineError | ModelError>
  /** As {@link Model.run}, with the outputs named in `keep` left in the worker. */
  readonly runResident: (
    program: Program,
    inputs: Readonly<Record<string, HostTensor | ResidentTensor>>,
    options: RunOptions & { readonly keep: ReadonlyArray<string> },
  ) => Effect.Effect<
    { readonly outputs: Readonly<Record<string, HostTensor>>; readonly kept: Readonly<Record<string, ResidentTensor>> },
    EngineError | ModelError
  >
  readonly free: (tensors: Iterable<ResidentTensor>) => Effect.Effect<void>
  /** Builds the graph without running it: checks the weights and says what a run takes. */
  readonly cost: (program: Program) => Effect.Effect<Cost, ModelError>
}

/** Runs graphs on the weights of checkpoints, away from the calling thread. */
export interface EngineShape {
  /** Opens a checkpoint; its sessions are given back when the scope closes. */
  readonly open: (weights: Weights) => Effect.Effect<Model, never, Scope.Scope>
}

const EngineBase: Context.ServiceClass<Engine, "@auteur/engine/Engine", EngineShape> = Context.Service<
  Engine,
  EngineShape
>()("@auteur/engine/Engine")
export class Engine extends EngineBase {}
