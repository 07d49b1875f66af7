import type { GraphCost } from "../cost/graph-cost.ts"
import type { WeightMemory } from "../onnx/onnx-model.ts"
import type { Port } from "./feeds.ts"
import type { Runtime, RuntimeThread, SessionSetup } from "./runtime.ts"

/** A program at its shapes, ready to become a session. */
export interface CompiledProgram {
  readonly inputs: ReadonlyMap<string, Port>
  readonly outputs: ReadonlyMap<string, Port>
  readonly cost: Pick<GraphCost, "weightBytes" | "loadedBytes" | "activationBytes" | "keptBytes">
  readonly memory: WeightMemory
  readonly setup: SessionSetup
}

/** A program that is ready to run on a thread, or will be when `ready` is. */
export interface Session {
  readonly number: number
  readonly thread: RuntimeThread
  readonly program: Omit<CompiledProgram, "setup">
  readonly ready: Promise<void>
  /** Runs that hold it now; it is not given back under them. */
  holders: number
}

/** The threads of an engine and the sessions on them; idle sessions make way when memory is short, those used longest ago first. */
export class SessionPool {
  readonly #runtime: Runtime
  readonly #memoryLimit: number
  readonly #threads = new Map<number, RuntimeThread>()
  /** In the order of their last use. */
  readonly #sessions = new Map<string, Session>()
  #count = 0
  #closed = false

  constructor(runtime: Runtime, memoryLimit: number) {
    this.#runtime = runtime
    this.#memoryLimit = memoryLimit
  }

  /** Bytes that {@link unload} would give back. */
  get idleBytes(): number {
    let bytes = 0
    for (const session of this.#sessions.values()) if (session.holders === 0) bytes += bytesOf(session)
    return bytes
  }

  /** The thread of a rank, started when first needed and again after it ended by itself. */
  thread(rank: number): RuntimeThread {
    if (this.#closed) throw new Error("the engine was closed")
    const known = this.#threads.get(rank)
    if (known !== undefined) return known
    const thread = this.#runtime.start(rank, () => {
      this.#threads.delete(rank)
      for (const [key, session] of this.#sessions) if (session.thread === thread) this.#sessions.delete(key)
    })
    this.#threads.set(rank, thread)
    return thread
  }

  /** Frees tensors that were left on a thread, where that still lives. */
  free(rank: number, kept: ReadonlyArray<number>): void {
    this.#threads.get(rank)?.free(kept)
  }

  /** The session of a key on a rank, held until {@link letGo}; one that is being made is shared. */
  hold(key: string, rank: number, compile: () => CompiledProgram): Session {
    const thread = this.thread(rank)
    const session = this.#sessions.get(key) ?? this.#create(key, thread, compile())
    // Last in the order of use.
    this.#sessions.delete(key)
    this.#sessions.set(key, session)
    session.holders++
    this.#makeRoom(0)
    return session
  }

  letGo(session: Session): void {
    session.holders--
  }

  #create(key: string, thread: RuntimeThread, { setup, ...program }: CompiledProgram): Session {
    // Before it is made, so that the two are not there together.
    this.#makeRoom(program.cost.weightBytes + program.cost.activationBytes)
    const number = ++this.#count
    const ready = thread.create(number, setup)
    const session: Session = { number, thread, program, ready, holders: 0 }
    ready.catch(() => {
      if (this.#sessions.get(key) === session) this.#sessions.delete(key)
    })
    return session
  }

  /** Gives idle sessions back until the others fit into the limit, beside `bytes` for one that is to be made. */
  #makeRoom(bytes: number): void {
    let taken = bytes
    for (const session of this.#sessions.values()) taken += bytesOf(session)
    const surplus: Array<string> = []
    for (const [key, session] of this.#sessions) {
      if (taken <= this.#memoryLimit) break
      if (session.holders > 0) continue
      surplus.push(key)
      taken -= bytesOf(session)
    }
    void this.release(surplus)
  }

  /** Gives sessions back, after the runs that are on them. */
  async release(keys: Iterable<string>): Promise<void> {
    const numbers = new Map<RuntimeThread, Array<number>>()
    for (const key of keys) {
      const session = this.#sessions.get(key)
      if (session === undefined) continue
      this.#sessions.delete(key)
      numbers.set(session.thread, [...(numbers.get(session.thread) ?? []), session.number])
    }
    // It fails only where the thread, and so what it would give back, is gone.
    await Promise.all([...numbers].map(([thread, released]) => thread.release(released).catch(() => {})))
  }

  /** Gives all idle sessions back. */
  async unload(): Promise<void> {
    await this.release([...this.#sessions].filter(([, session]) => session.holders === 0).map(([key]) => key))
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#sessions.clear()
    const threads = [...this.#threads.values()]
    this.#threads.clear()
    await Promise.all(threads.map((thread) => thread.close()))
  }
}

/** Memory that a session is expected to take now. */
const bytesOf = ({ holders, program: { cost } }: Session): number =>
  holders > 0 ? cost.weightBytes + cost.activationBytes : cost.loadedBytes + cost.keptBytes
