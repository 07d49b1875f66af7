import { concat, type Value, type WeightScope } from "@auteur/engine"

/** Where a chunk of frames stands in its video. */
export interface ChunkPlace {
  /** Whether no frames come before it, from which its convolutions could take over. */
  readonly first: boolean
  /** Whether its convolutions hand on their last frames to the chunk after it. */
  readonly handsOn: boolean
}

/** The graph input that brings a causal convolution the frames before its chunk, and the output that hands on the last ones. */
export const cacheNames = (path: string): { readonly before: string; readonly after: string } => ({
  before: `before ${path}`,
  after: `after ${path}`,
})

/** What a box of the VAE works with in one temporal chunk, below a prefix of the checkpoint's keys: weights and frames around it. */
export class ChunkScope {
  readonly weights: WeightScope
  readonly #root: WeightScope
  readonly #place: ChunkPlace
  readonly #path: string

  constructor(root: WeightScope, place: ChunkPlace, path: string) {
    this.weights = root.scope(path)
    this.#root = root
    this.#place = place
    this.#path = path
  }

  /** The box `name` inside of this one, a part of the checkpoint's keys such as `resnets.0`. */
  scope(name: string): ChunkScope {
    return new ChunkScope(this.#root, this.#place, `${this.#path}.${name}`)
  }

  /**
   * Puts `count` frames before x: the last ones of the chunk before, or copies of x's first frame in the first chunk.
   * Hands the last `count` frames on to the chunk after. (1, C, T, H, W) → (1, C, count + T, H, W)
   */
  padded(x: Value, count: number): Value {
    const { graph } = x
    const { before, after } = cacheNames(this.#path)
    const frames = x.length(2)
    const first = this.#place.first ? x.slice(2, 0, 1) : undefined
    const ahead =
      first === undefined ? [graph.input(before, x.shape.with(2, count))] : Array.from({ length: count }, () => first)
    const y = concat([...ahead, x], 2)
    if (this.#place.handsOn) graph.output(after, y.slice(2, frames, frames + count))
    return y
  }
}
