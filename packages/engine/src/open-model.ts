import { EngineError, ModelError, type Weights } from "@auteur/core"
import * as Effect from "effect/Effect"
import { buildProgram } from "./build-program.ts"
import { graphCost, type GraphCost, widenedBytes } from "./cost.ts"
import type { HostTensor, Model, Program, ResidentTensor, RunOptions } from "./engine.ts"
import { toFeeds } from "./feeds.ts"
import type { Graph } from "./graph.ts"
import { runtimeTrue, toOnnxModel, type WeightMemory } from "./onnx-model.ts"
import type { Runtime } from "./runtime.ts"
import type { Session, SessionPlan, SessionPool } from "./session-pool.ts"

type Inputs = Readonly<Record<string, HostTensor | ResidentTensor>>

/** What a model takes over from its engine's options. */
export interface ModelSettings {
  readonly threads: number
  readonly memory: "auto" | WeightMemory
  readonly memoryLimit: number
}

let modelCount = 0
let residentCount = 0

/** A checkpoint in an engine: {@link Model} on a runtime's threads. */
export class OpenModel implements Model {
  readonly #weights: Weights
  readonly #runtime: Runtime
  readonly #pool: SessionPool
  readonly #settings: ModelSettings
  readonly #number = ++modelCount
  readonly #keys = new Set<string>()
  readonly #residents = new Map<number, number>()
  /** By the keys of programs; which memory they run in is part of it. */
  readonly #costs = new Map<string, { readonly cost: GraphCost; readonly memory: WeightMemory }>()
  #closed = false

  constructor(weights: Weights, runtime: Runtime, pool: SessionPool, settings: ModelSettings) {
    this.#weights = weights
    this.#runtime = runtime
    this.#pool = pool
    this.#settings = settings
  }

  readonly run: Model["run"] = (program, inputs, options = {}) =>
    Effect.map(this.runResident(program, inputs, { ...options, keep: [] }), ({ outputs }) => outputs)

  readonly runResident: Model["runResident"] = (program, inputs, options) =>
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
      (session) => Effect.sync(() => this.#pool.drop(session)),
    )

  readonly free: Model["free"] = (tensors) =>
    Effect.sync(() => {
      for (const { resident, rank } of tensors) {
        this.#residents.delete(resident)
        this.#pool.free(rank, [resident])
      }
    })

  readonly cost: Model["cost"] = (program) =>
    Effect.try({
      try: () => this.#costs.get(program.key)?.cost ?? this.#cost(program, buildProgram(program, this.#weights)).cost,
      catch: (error) => error as ModelError,
    })

  close(): void {
    this.#closed = true
    for (const key of this.#keys) this.#pool.release(key)
    for (const [resident, rank] of this.#residents) this.#pool.free(rank, [resident])
  }

  #hold(program: Program, options: RunOptions): Session {
    if (this.#closed) throw new Error("its model was closed")
    const rank = options.rank ?? 0
    const threads = options.threads ?? this.#settings.threads
    const key = `${this.#number} ${rank} ${threads} ${program.key}`
    this.#keys.add(key)
    return this.#pool.hold(key, rank, () => this.#plan(program, threads))
  }

  #plan(program: Program, threads: number): SessionPlan {
    const graph = buildProgram(program, this.#weights)
    const { cost, memory } = this.#costs.get(program.key) ?? this.#cost(program, graph)
    const { folder, locate } = this.#runtime.place(this.#files(graph))
    return {
      inputs: graph.inputs,
      outputs: graph.outputs,
      bytes: cost.weightBytes + cost.activationBytes,
      memory,
      setup: {
        model: toOnnxModel(graph, this.#weights, locate, memory),
        folder,
        memory,
        threads,
        arena: cost.arena,
      },
    }
  }

  #files(graph: Graph): ReadonlyArray<string> {
    return [...new Set([...graph.weights.keys()].map((key) => this.#weights.tensors.get(key)!.file))]
  }

  #cost(program: Program, graph: Graph): { readonly cost: GraphCost; readonly memory: WeightMemory } {
    const { memory: asked, memoryLimit } = this.#settings
    const folds = asked === "auto" ? widenedBytes(graph) <= memoryLimit / 2 : asked === "fold"
    const memory = folds ? "fold" : "map"
    const result = { cost: graphCost(graph, memory), memory } as const
    this.#costs.set(program.key, result)
    return result
  }

  async #run(
    session: Session,
    program: string,
    inputs: Inputs,
    options: RunOptions & { readonly keep: ReadonlyArray<string> },
    signal: AbortSignal,
  ): Promise<{ outputs: Record<string, HostTensor>; kept: Record<string, ResidentTensor> }> {
    const { rank = 0, keep } = options
    const { plan, thread } = session
    const stray = keep.find((name) => !plan.outputs.has(name))
    if (stray !== undefined) {
      throw new Error(`it has no output "${stray}" to keep; its outputs are ${[...plan.outputs.keys()].join(", ")}`)
    }
    const feeds = toFeeds(program, plan.inputs, await this.#bring(inputs, rank, signal))
    if (plan.memory === "map") feeds[runtimeTrue] = { type: "bool", shape: [], data: Uint8Array.of(1) }
    await session.ready
    const kept: Record<string, ResidentTensor> = {}
    for (const name of keep) {
      kept[name] = { resident: ++residentCount, rank, shape: plan.outputs.get(name)!.shape }
    }
    const numbers = Object.values(kept).map(({ resident }) => resident)
    signal.addEventListener("abort", () => thread.free(numbers))
    const outputs = await thread.run(
      {
        session: session.number,
        inputs: feeds,
        outputs: [...plan.outputs.keys()].filter((name) => kept[name] === undefined),
        keep: Object.fromEntries(Object.entries(kept).map(([name, { resident }]) => [name, resident])),
      },
      signal,
    )
    for (const number of numbers) this.#residents.set(number, rank)
    return { outputs, kept }
  }

  /** Tensors that were left on other threads come over as copies. */
  async #bring(inputs: Inputs, rank: number, signal: AbortSignal): Promise<Inputs> {
    const brought: Record<string, HostTensor | ResidentTensor> = {}
    for (const [name, input] of Object.entries(inputs)) {
      brought[name] =
        "resident" in input && input.rank !== rank
          ? await this.#pool.thread(input.rank).read(input.resident, signal)
          : input
    }
    return brought
  }
}

const failure = (program: string, error: unknown): EngineError => {
  if (error instanceof EngineError) return error
  const problem = error instanceof Error ? error.message : String(error)
  const message = /failed to allocate|bad.?alloc/i.test(problem)
    ? `There is not enough memory to run "${program}": ask for fewer frames or a smaller size, or close other programs.`
    : `The engine could not run "${program}": ${problem}.`
  return new EngineError({ message, cause: error })
}
