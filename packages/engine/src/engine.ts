import type { Cost, EngineError, ModelError, Weights } from "@auteur/core"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Graph } from "./graph/graph.ts"
import type { WeightScope } from "./graph/weight-scope.ts"

/** A model at one shape: a function from weights to a graph. */
export interface Program {
  /** Tells programs of one model apart, by what it computes and its shapes, such as `decode 2x8x8 next`. */
  readonly key: string
  /** Declares the inputs, applies the operators and names the outputs. */
  readonly build: (graph: Graph, weights: WeightScope) => void
}

/** Numbers going into or coming out of a run. */
export interface HostTensor {
  readonly data: Float32Array | BigInt64Array | Int32Array | Uint8Array
  readonly shape: ReadonlyArray<number>
}

/** An output that stays in the worker that computed it, to be the input of a later run without a copy through the caller. */
export interface WorkerTensor {
  readonly id: number
  readonly rank: number
  readonly shape: ReadonlyArray<number>
}

export interface RunOptions {
  /** The worker that runs it; workers are started when first named. Default 0. */
  readonly rank?: number
  /** Threads for each operator. Default: one for each physical core. */
  readonly threads?: number
}

/** The inputs of a run by name. */
export type Inputs = Readonly<Record<string, HostTensor | WorkerTensor>>

/** Weights opened in the engine: runs programs on them, with one session for each program, made when first needed. */
export interface Model {
  readonly run: (
    program: Program,
    inputs: Inputs,
    options?: RunOptions,
  ) => Effect.Effect<Readonly<Record<string, HostTensor>>, EngineError | ModelError>
  /** As {@link Model.run}, with the outputs named in `keep` left in the worker; they must be freed. */
  readonly runAndKeep: (
    program: Program,
    inputs: Inputs,
    options: RunOptions & { readonly keep: ReadonlyArray<string> },
  ) => Effect.Effect<
    { readonly outputs: Readonly<Record<string, HostTensor>>; readonly kept: Readonly<Record<string, WorkerTensor>> },
    EngineError | ModelError
  >
  readonly free: (tensors: Iterable<WorkerTensor>) => Effect.Effect<void>
  /** Builds the graph without running it: checks the weights and gives what a run takes. */
  readonly cost: (program: Program) => Effect.Effect<Cost, ModelError>
}

/** Runs graphs on the weights of checkpoints, away from the calling thread. */
export interface EngineShape {
  /** Opens weights; their sessions are given back when the scope closes. Models of the same `Weights` object share their sessions. */
  readonly open: (weights: Weights) => Effect.Effect<Model, never, Scope.Scope>
  /** Gives back the sessions that are not running, and their weights; they are made again when next needed. */
  readonly unload: Effect.Effect<void>
  /**
   * Sets memory aside until the scope closes. Waits, in turn, while other reservations of this process leave too little; fails where
   * the bytes would not fit without them either.
   */
  readonly reserve: (bytes: number) => Effect.Effect<void, EngineError, Scope.Scope>
  /** Bytes that work could take if nothing else ran: what is free, and what idle sessions would give back. */
  readonly availableBytes: Effect.Effect<number>
}

const EngineBase: Context.ServiceClass<Engine, "@auteur/engine/Engine", EngineShape> = Context.Service<
  Engine,
  EngineShape
>()("@auteur/engine/Engine")
export class Engine extends EngineBase {}
