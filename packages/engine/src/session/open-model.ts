import { EngineError, ModelError, type Weights } from "@auteur/core"
import * as Effect from "effect/Effect"
import { graphCost, type GraphCost, widenedBytes } from "../cost/graph-cost.ts"
import type { HostTensor, Inputs, Model, Program, RunOptions, WorkerTensor } from "../engine.ts"
import { Graph } from "../graph/graph.ts"
import { WeightScope } from "../graph/weight-scope.ts"
import { runtimeTrue, toOnnxModel, type WeightMemory } from "../onnx/onnx-model.ts"
import { toFeeds } from "./feeds.ts"
import type { Runtime } from "./runtime.ts"
import type { CompiledProgram, Session, SessionPool } from "./session-pool.ts"

/** The options of an engine that its models need. */
export interface ModelSettings {
  readonly threads: number
  readonly memory: "auto" | WeightMemory
  readonly memoryLimit: number
}

/** Weights are widened when their session is made where the float32 copy takes no more than this share of the limit. */
const foldShare = 0.75

type KeepOptions = RunOptions & { readonly keep: ReadonlyArray<string> }

interface ProgramCost {
  readonly cost: GraphCost
  readonly memory: WeightMemory
}

let weightsCount = 0
let keptCount = 0

/** The sessions and costs that models of the same weights share. */
export class SharedSessions {
  readonly #pool: SessionPool
  readonly #onEnd: () => void
  readonly #number = ++weightsCount
  readonly #keys = new Set<string>()
  readonly costs: Map<string, ProgramCost> = new Map()
  #models = 0

  constructor(pool: SessionPool, onEnd: () => void) {
    this.#pool = pool
    this.#onEnd = onEnd
  }

  enter(): void {
    this.#models++
  }

  /** Gives the sessions back with the last model. */
  leave(): void {
    if (--this.#models > 0) return
    void this.#pool.release(this.#keys)
    this.#onEnd()
  }

  /** The name of a session in the pool. */
  key(program: Program, rank: number, threads: number): string {
    const key = `${this.#number} ${rank} ${threads} ${program.key}`
    this.#keys.add(key)
    return key
  }
}

/** Weights in an engine: {@link Model} on a runtime's threads. */
export class OpenModel implements Model {
  readonly #weights: Weights
  readonly #runtime: Runtime
  readonly #pool: SessionPool
  readonly #sessions: SharedSessions
  readonly #settings: ModelSettings
  /** The ranks of tensors that were left in workers, by their numbers. */
  readonly #kept = new Map<number, number>()
  #closed = false

  constructor(
    weights: Weights,
    runtime: Runtime,
    pool: SessionPool,
    sessions: SharedSessions,
    settings: ModelSettings,
  ) {
    this.#weights = weights
    this.#runtime = runtime
    this.#pool = pool
    this.#sessions = sessions
    this.#settings = settings
    sessions.enter()
  }

  readonly run: Model["run"] = (program, inputs, options = {}) =>
    Effect.map(this.runAndKeep(program, inputs, { ...options, keep: [] }), ({ outputs }) => outputs)

  readonly runAndKeep: Model["runAndKeep"] = (program, inputs, options) =>
    Effect.acquireUseRelease(
      Effect.try({
        try: () => this.#hold(program, options),
        catch: (error) => (error instanceof ModelError ? error : failure(program.key, error)),
      }),
      (session) =>
        Effect.tryPromise({
          try: (signal) => this.#run(session, program.key, inputs, options, signal),
          catch: (error) => failure(program.key, error),
        }),
      (session) => Effect.sync(() => this.#pool.letGo(session)),
    )

  readonly free: Model["free"] = (tensors) =>
    Effect.sync(() => {
      for (const { id, rank } of tensors) {
        this.#kept.delete(id)
        this.#pool.free(rank, [id])
      }
    })

  readonly cost: Model["cost"] = (program) =>
    Effect.try({
      try: () => this.#sessions.costs.get(program.key)?.cost ?? this.#cost(program, this.#build(program)).cost,
      catch: (error) => error as ModelError,
    })

  close(): void {
    this.#closed = true
    this.#sessions.leave()
    for (const [id, rank] of this.#kept) this.#pool.free(rank, [id])
  }

  /** The session of a program, made where there is none. */
  #hold(program: Program, options: RunOptions): Session {
    if (this.#closed) throw new Error("its model was closed")
    const rank = options.rank ?? 0
    const threads = options.threads ?? this.#settings.threads
    return this.#pool.hold(this.#sessions.key(program, rank, threads), rank, () => this.#compile(program, threads))
  }

  #compile(program: Program, threads: number): CompiledProgram {
    const graph = this.#build(program)
    const { cost, memory } = this.#sessions.costs.get(program.key) ?? this.#cost(program, graph)
    const files = new Set([...graph.weights.keys()].map((key) => this.#weights.tensors.get(key)!.file))
    const { folder, locate } = this.#runtime.place([...files])
    const model = toOnnxModel(graph, this.#weights, locate, memory)
    const setup = { model, folder, memory, threads, arena: cost.arena }
    return { inputs: graph.inputs, outputs: graph.outputs, cost, memory, setup }
  }

  /** The graph of a program over the weights; throws a {@link ModelError} where the two do not fit. */
  #build(program: Program): Graph {
    const graph = new Graph(program.key)
    try {
      program.build(graph, new WeightScope(graph, this.#weights))
    } catch (error) {
      if (error instanceof ModelError) throw error
      throw new ModelError({
        message: `"${program.key}" cannot be built on ${this.#weights.source}: ${messageOf(error)}; check the sizes in its config.json.`,
        cause: error,
      })
    }
    return graph
  }

  #cost(program: Program, graph: Graph): ProgramCost {
    const { memory: chosen, memoryLimit } = this.#settings
    const folds = chosen === "auto" ? widenedBytes(graph) <= memoryLimit * foldShare : chosen === "fold"
    const memory = folds ? "fold" : "map"
    const result: ProgramCost = { cost: graphCost(graph, memory), memory }
    this.#sessions.costs.set(program.key, result)
    return result
  }

  async #run(
    { number, thread, ready, program: { inputs: ports, outputs, memory } }: Session,
    name: string,
    inputs: Inputs,
    { rank = 0, keep }: KeepOptions,
    signal: AbortSignal,
  ): Promise<{ outputs: Record<string, HostTensor>; kept: Record<string, WorkerTensor> }> {
    const unknown = keep.find((output) => !outputs.has(output))
    if (unknown !== undefined) {
      throw new Error(`it has no output "${unknown}" to keep; its outputs are ${[...outputs.keys()].join(", ")}`)
    }
    const feeds = toFeeds(name, ports, await this.#bring(inputs, rank, signal))
    if (memory === "map") feeds[runtimeTrue] = { type: "bool", shape: [], data: Uint8Array.of(1) }
    await ready
    const kept: Record<string, WorkerTensor> = {}
    for (const output of keep) kept[output] = { id: ++keptCount, rank, shape: outputs.get(output)!.shape }
    const ids = Object.values(kept).map(({ id }) => id)
    signal.addEventListener("abort", () => thread.free(ids))
    const results = await thread.run(
      {
        session: number,
        inputs: feeds,
        outputs: [...outputs.keys()].filter((output) => kept[output] === undefined),
        keep: Object.fromEntries(Object.entries(kept).map(([output, { id }]) => [output, id])),
      },
      signal,
    )
    for (const id of ids) this.#kept.set(id, rank)
    return { outputs: results, kept }
  }

  /** Tensors that were left in other workers come over as copies. */
  async #bring(inputs: Inputs, rank: number, signal: AbortSignal): Promise<Inputs> {
    const brought: Record<string, HostTensor | WorkerTensor> = {}
    for (const [name, input] of Object.entries(inputs)) {
      const isElsewhere = "id" in input && input.rank !== rank
      brought[name] = isElsewhere ? await this.#pool.thread(input.rank).read(input.id, signal) : input
    }
    return brought
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const failure = (program: string, error: unknown): EngineError => {
  if (error instanceof EngineError) return error
  const problem = messageOf(error)
  const known = knownProblems.find(([pattern]) => pattern.test(problem))
  const message =
    known === undefined ? `The engine could not run "${program}": ${problem}.` : known[1].replace("PROGRAM", program)
  return new EngineError({ message, cause: error })
}

const knownProblems: ReadonlyArray<readonly [RegExp, string]> = [
  [
    /failed to allocate|bad.?alloc/i,
    'There is not enough memory to run "PROGRAM": ask for fewer frames or a smaller size, or close other programs.',
  ],
  [
    /EMFILE|too many open files/i,
    'The engine could not run "PROGRAM", as this process may not open more files: raise the limit (`ulimit -n`).',
  ],
]
