import { type RunMemory, Tensor } from "@auteur/core"
import type { HostTensor } from "@auteur/engine"

const prefix = "cache."

/** What a cache keeps in the memory of a run: tensors and numbers by name, which a checkpoint saves. */
export class CacheMemory {
  readonly #memory: RunMemory

  constructor(memory: RunMemory) {
    this.#memory = memory
  }

  /** A number, 0 before it is first set. */
  number(name: string): number {
    return Number(this.#memory.get(prefix + name)?.values()[0] ?? 0)
  }

  /** Numbers come back as float32 holds them, whether the run was resumed or not. */
  setNumber(name: string, value: number): void {
    this.#memory.set(prefix + name, Tensor.from("value", [1], Float32Array.of(value)))
  }

  /** A tensor of float32 of a shape; `undefined` when there is none, or of another shape, as when a text is asked for the first time. */
  tensor(name: string, shape: ReadonlyArray<number>): Tensor<"batch tokens channels"> | undefined {
    const found = this.#memory.get(prefix + name)
    if (found?.dtype !== "float32" || found.shape.join() !== shape.join()) return undefined
    return Tensor.from("batch tokens channels", shape as [number, number, number], found.values() as Float32Array)
  }

  setTensor(name: string, { shape, data }: HostTensor): void {
    this.#memory.set(prefix + name, toTensor({ shape, data }))
  }

  /** Forgets all that the cache keeps. */
  clear(): void {
    for (const name of this.#memory.keys()) if (name.startsWith(prefix)) this.#memory.delete(name)
  }
}

export const toTensor = ({ shape, data }: HostTensor): Tensor<"batch tokens channels"> =>
  Tensor.from("batch tokens channels", shape as [number, number, number], data as Float32Array)

export const toHost = (tensor: Tensor<"batch tokens channels">): HostTensor => ({
  shape: tensor.shape,
  data: tensor.values(),
})
