/** Lengths are rounded up to this. */
const alignment = 256
const firstRegion = 2 ** 20
const largestGrowth = 2 ** 30
/** A free chunk is cut where more than half of it, or more than this, would be lost. */
const mostLost = 128 * 2 ** 20

/** Memory of an {@link Arena}, taken or free. */
export interface ArenaChunk {
  readonly region: number
  readonly start: number
  end: number
  free: boolean
}

/**
 * The allocator of ONNX Runtime's CPU sessions (`BFCArena` with its defaults), as far as it decides how much memory is touched: best
 * fit in regions that double in size and are not given back.
 */
export class Arena {
  /** In the order of their addresses. */
  readonly #chunks: Array<ArenaChunk> = []
  readonly #touched: Array<number> = []
  #growth = firstRegion

  /** Bytes that were handed out at least once: the system holds no memory for the others. */
  get touchedBytes(): number {
    return this.#touched.reduce((sum, bytes) => sum + bytes, 0)
  }

  allocate(bytes: number): ArenaChunk {
    const size = Math.max(Math.ceil(bytes / alignment), 1) * alignment
    const chunk = this.#bestFit(size) ?? this.#extend(size)
    const length = chunk.end - chunk.start
    if (length >= 2 * size || length - size >= mostLost) {
      const rest: ArenaChunk = { ...chunk, start: chunk.start + size, free: true }
      this.#chunks.splice(this.#chunks.indexOf(chunk) + 1, 0, rest)
      chunk.end = rest.start
    }
    chunk.free = false
    this.#touched[chunk.region] = Math.max(this.#touched[chunk.region]!, chunk.start + size)
    return chunk
  }

  free(chunk: ArenaChunk): void {
    chunk.free = true
    const index = this.#chunks.indexOf(chunk)
    this.#join(index)
    this.#join(index - 1)
  }

  /** Joins a chunk and the next one where both are free. */
  #join(index: number): void {
    const [chunk, next] = [this.#chunks[index], this.#chunks[index + 1]]
    if (chunk?.free !== true || next?.free !== true || chunk.region !== next.region) return
    chunk.end = next.end
    this.#chunks.splice(index + 1, 1)
  }

  #bestFit(size: number): ArenaChunk | undefined {
    let best: ArenaChunk | undefined
    for (const chunk of this.#chunks) {
      const length = chunk.end - chunk.start
      if (chunk.free && length >= size && (best === undefined || length < best.end - best.start)) best = chunk
    }
    return best
  }

  #extend(size: number): ArenaChunk {
    const grows = size > this.#growth
    while (size > this.#growth) this.#growth *= 2
    const chunk: ArenaChunk = { region: this.#touched.length, start: 0, end: this.#growth, free: true }
    if (!grows) this.#growth = Math.min(this.#growth * 2, largestGrowth)
    this.#touched.push(0)
    this.#chunks.push(chunk)
    return chunk
  }
}
