import { type Cost, type ComponentState, Tensor } from "@auteur/core"
import type { HostTensor } from "@auteur/engine"
import { gridOf } from "../grid.ts"
import type { TransformerShape } from "../transformer.ts"

const prefix = "cache."

/** The tensors and numbers that a cache keeps in the denoiser's state, by name; a checkpoint saves them. */
export class CacheState {
  readonly #state: ComponentState

  constructor(state: ComponentState) {
    this.#state = state
  }

  /** A number, 0 before it is first set. */
  number(name: string): number {
    return Number(this.#state.get(prefix + name)?.values()[0] ?? 0)
  }

  /** Sets a number, rounded to float32, so that a resumed run reads the same one. */
  setNumber(name: string, value: number): void {
    this.#state.set(prefix + name, Tensor.from("value", [1], Float32Array.of(value)))
  }

  /** A float32 tensor of a shape; `undefined` where there is none, or one of another shape, as after a change of the number of texts. */
  tensor(name: string, shape: ReadonlyArray<number>): Tensor<"batch tokens channels"> | undefined {
    const found = this.#state.get(prefix + name)
    if (found?.dtype !== "float32" || found.shape.join() !== shape.join()) return undefined
    return Tensor.from("batch tokens channels", shape as [number, number, number], found.values() as Float32Array)
  }

  setTensor(name: string, { shape, data }: HostTensor): void {
    this.#state.set(prefix + name, toTensor({ shape, data }))
  }

  /** Removes everything that the cache keeps. */
  clear(): void {
    for (const name of this.#state.keys()) if (name.startsWith(prefix)) this.#state.delete(name)
  }
}

export const toTensor = ({ shape, data }: HostTensor): Tensor<"batch tokens channels"> =>
  Tensor.from("batch tokens channels", shape as [number, number, number], data as Float32Array)

export const toHost = (tensor: Tensor<"batch tokens channels">): HostTensor => ({
  shape: tensor.shape,
  data: tensor.values(),
})

/** Adds the bytes that a cache keeps, during a call and until the next one, to the call's cost. */
export const withKeptBytes = (cost: Cost, bytes: number): Cost => ({
  ...cost,
  activationBytes: cost.activationBytes + bytes,
  keptBytes: (cost.keptBytes ?? 0) + bytes,
})

interface StreamShapes {
  readonly text: readonly [batch: number, tokens: number, D: number]
  readonly video: readonly [batch: number, tokens: number, D: number]
  readonly conditioning: readonly [batch: number, E: number]
}

/** The shapes of the tokens, and of the vector that modulates the blocks. */
export const streamShapes = ({ config, size, textTokens }: TransformerShape): StreamShapes => {
  const grid = gridOf(config, size)
  const D = config.num_attention_heads * config.attention_head_dim
  return {
    text: [size.batch, textTokens, D],
    video: [size.batch, grid.frames * grid.height * grid.width, D],
    conditioning: [size.batch, config.time_embed_dim],
  }
}
