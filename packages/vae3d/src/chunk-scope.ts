import { concat, type Value, type WeightScope } from "@auteur/engine"
import { type Pieces, wholeShape } from "./pieces.ts"

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
   * Puts `count` frames before each piece of x: those before it, of which the first ones come from the chunk before or are copies of x's
   * first frame in the first chunk. Hands the last `count` frames on to the chunk after. (1, C, T, H, W) → (1, C, count + T, H, W)
   */
  padded(x: Pieces, count: number): ReadonlyArray<Value> {
    const { graph } = x[0]!
    const { before, after } = cacheNames(this.#path)
    const first = this.#place.first ? x[0]!.slice(2, 0, 1) : undefined
    const ahead =
      first === undefined
        ? [graph.input(before, wholeShape(x).with(2, count))]
        : Array.from({ length: count }, () => first)
    // Each takes the pieces before it, and not the end of the padded one: the runtime would then make all of these at once.
    const padded = x.map((piece, index) => concat([...lastFrames([...ahead, ...x.slice(0, index)], count), piece], 2))
    if (this.#place.handsOn) graph.output(after, concat(lastFrames([...ahead, ...x], count), 2))
    return padded
  }
}

/** The last `count` frames, as pieces: whole ones, and the end of the first of them. */
const lastFrames = (x: Pieces, count: number): Pieces => {
  const last: Array<Value> = []
  let missing = count
  for (const piece of x.toReversed()) {
    if (missing === 0) break
    const frames = piece.length(2)
    const taken = Math.min(frames, missing)
    last.unshift(piece.slice(2, frames - taken, frames))
    missing -= taken
  }
  return last
}
