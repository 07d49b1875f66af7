import type { Port } from "./feeds.ts"
import type { WeightMemory } from "./onnx-model.ts"
import type { Runtime, RuntimeThread, SessionSetup } from "./runtime.ts"

/** What a session is made of; built only when there is none yet. */
export interface SessionPlan {
  readonly inputs: ReadonlyMap<string, Port>
  readonly outputs: ReadonlyMap<string, Port>
  /** Memory that the session is expected to take. */
  readonly bytes: number
  readonly memory: WeightMemory
  readonly setup: SessionSetup
}

/** A program that is ready to run on a thread, or will be when `ready` is. */
export interface Session {
  readonly number: number
  readonly thread: RuntimeThread
  readonly plan: Omit<SessionPlan, "setup">
  readonly ready: Promise<void>
  /** Runs that hold it now; it is not evicted under them. */
  holders: number
}

/** The threads of an engine and the sessions on them; the sessions used longest ago make way when memory is short. */
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

  /** The thread of a rank, started when first asked for and again after it ended by itself. */
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
  free(rank: number, residents: ReadonlyArray<number>): void {
    this.#threads.get(rank)?.free(residents)
  }

  /** The session of a key on a rank, held until {@link drop}; one that is being made is shared. */
  hold(key: string, rank: number, plan: () => SessionPlan): Session {
    const thread = this.thread(rank)
    const session = this.#sessions.get(key) ?? this.#create(key, thread, plan())
    this.#sessions.delete(key)
    this.#sessions.set(key, session)
    session.holders++
    return session
  }

  drop(session: Session): void {
    session.holders--
  }

  #create(key: string, thread: RuntimeThread, { setup, ...plan }: SessionPlan): Session {
    this.#makeRoom(plan.bytes)
    const number = ++this.#count
    const ready = thread.create(number, setup)
    const session: Session = { number, thread, plan, ready, holders: 0 }
    ready.catch(() => {
      if (this.#sessions.get(key) === session) this.#sessions.delete(key)
    })
    return session
  }

  #makeRoom(bytes: number): void {
    let taken = bytes
    for (const session of this.#sessions.values()) taken += session.plan.bytes
    for (const [key, session] of this.#sessions) {
      if (taken <= this.#memoryLimit) return
      if (session.holders > 0) continue
      this.release(key)
      taken -= session.plan.bytes
    }
  }

  /** Gives a session back, after the run that is on it. */
  release(key: string): void {
    const session = this.#sessions.get(key)
    this.#sessions.delete(key)
    session?.thread.release(session.number)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#sessions.clear()
    const threads = [...this.#threads.values()]
    this.#threads.clear()
    await Promise.all(threads.map((thread) => thread.close()))
  }
}
