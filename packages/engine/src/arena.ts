/** Lengths are rounded up to this. */
const alignment = 256
const firstRegion = 2 ** 20
const largestGrowth = 2 ** 30
/** A free piece is cut where more than half of it, or more than this, would be lost. */
const mostLost = 128 * 2 ** 20

/** Memory of an {@link Arena}, taken or free. */
export interface Piece {
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
  readonly #pieces: Array<Piece> = []
  readonly #touched: Array<number> = []
  #growth = firstRegion

  /** Bytes that were handed out at least once: the system holds no memory for the others. */
  get touchedBytes(): number {
    return this.#touched.reduce((sum, bytes) => sum + bytes, 0)
  }

  allocate(bytes: number): Piece {
    const size = Math.max(Math.ceil(bytes / alignment), 1) * alignment
    const piece = this.#bestFit(size) ?? this.#extend(size)
    const length = piece.end - piece.start
    if (length >= 2 * size || length - size >= mostLost) {
      const rest: Piece = { ...piece, start: piece.start + size, free: true }
      this.#pieces.splice(this.#pieces.indexOf(piece) + 1, 0, rest)
      piece.end = rest.start
    }
    piece.free = false
    this.#touched[piece.region] = Math.max(this.#touched[piece.region]!, piece.start + size)
    return piece
  }

  free(piece: Piece): void {
    piece.free = true
    const index = this.#pieces.indexOf(piece)
    this.#join(index)
    this.#join(index - 1)
  }

  /** Joins a piece and the next one where both are free. */
  #join(index: number): void {
    const [piece, next] = [this.#pieces[index], this.#pieces[index + 1]]
    if (piece?.free !== true || next?.free !== true || piece.region !== next.region) return
    piece.end = next.end
    this.#pieces.splice(index + 1, 1)
  }

  #bestFit(size: number): Piece | undefined {
    let best: Piece | undefined
    for (const piece of this.#pieces) {
      const length = piece.end - piece.start
      if (piece.free && length >= size && (best === undefined || length < best.end - best.start)) best = piece
    }
    return best
  }

  #extend(size: number): Piece {
    const grows = size > this.#growth
    while (size > this.#growth) this.#growth *= 2
    const piece: Piece = { region: this.#touched.length, start: 0, end: this.#growth, free: true }
    if (!grows) this.#growth = Math.min(this.#growth * 2, largestGrowth)
    this.#touched.push(0)
    this.#pieces.push(piece)
    return piece
  }
}
