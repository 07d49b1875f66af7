import { concat, type Shape, type Value, type WeightScope } from "@auteur/engine"
import { type Segments, wholeShape } from "./segments.ts"

/** The frames that a causal convolution (3×3×3) sees before each frame, and so takes over from the chunk before. */
const framesBefore = 2

/** Where a chunk of frames stands in its video. */
export interface ChunkPlace {
  /** Whether no chunk comes before it, whose frames its convolutions could take over. */
  readonly first: boolean
  /** Whether its convolutions hand their last frames on to the chunk after it. */
  readonly handsOn: boolean
}

/** The graph input that brings a causal convolution the last frames of the chunk before, and the output that hands on its own. */
export const cacheNames = (path: string): { readonly before: string; readonly after: string } => ({
  before: `before ${path}`,
  after: `after ${path}`,
})

/** The shape of the cache of a convolution over x. x: (1, C, T, H, W) → (1, C, 2, H, W) */
export const cacheShape = (x: Shape): Shape => x.with(2, framesBefore)

/** The weights below a prefix of the checkpoint's keys, and the conv caches there, for one temporal chunk. */
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

  /** The scope of `name`, a part of the checkpoint's keys such as `resnets.0`. */
  scope(name: string): ChunkScope {
    return new ChunkScope(this.#root, this.#place, `${this.#path}.${name}`)
  }

  /**
   * Puts two frames before each segment of x, as a causal convolution needs them. Those of the first segment come from the cache, and in
   * the first chunk are copies of x's first frame; the last two frames of x are the cache of the next chunk.
   * (1, C, T, H, W) → (1, C, 2 + T, H, W)
   */
  withCache(x: Segments): ReadonlyArray<Value> {
    const { graph } = x[0]!
    const { before, after } = cacheNames(this.#path)
    const first = this.#place.first ? x[0]!.slice(2, 0, 1) : undefined
    const cache =
      first === undefined
        ? [graph.input(before, cacheShape(wholeShape(x)))]
        : Array.from({ length: framesBefore }, () => first)
    // Each takes the segments before it, and not the end of the padded one: the runtime would then make all of these at once.
    const padded = x.map((segment, i) => concat([...lastFrames([...cache, ...x.slice(0, i)]), segment], 2))
    if (this.#place.handsOn) graph.output(after, concat(lastFrames([...cache, ...x]), 2))
    return padded
  }
}

/** The last two frames, as segments: whole ones, and the end of the first of them. */
const lastFrames = (x: Segments): Segments => {
  const last: Array<Value> = []
  let missing = framesBefore
  for (const segment of x.toReversed()) {
    if (missing === 0) break
    const frames = segment.length(2)
    const taken = Math.min(frames, missing)
    last.unshift(segment.slice(2, frames - taken, frames))
    missing -= taken
  }
  return last
}
