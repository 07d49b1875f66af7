import { ModelError } from "@auteur/core"

const UNKNOWN_PENALTY = 10

/** The parameters of a unigram language model. */
interface UnigramSpec {
  /** Log probability by id. */
  readonly scores: Float32Array | Float64Array
  readonly unkId: number
  /** The lowest score of the vocabulary: an unknown character costs ten less. */
  readonly lowestScore: number
  /** Ids that always win over the pieces that they overlap: one of n bytes scores n · highestScore − 0.1. */
  readonly alwaysChosen: ReadonlySet<number>
  readonly highestScore: number
}

/** A segmentation: piece k has the id `ids[k]` and the bytes from `starts[k]` to `starts[k + 1]`, or to the end. */
interface Segmentation {
  readonly ids: number[]
  readonly starts: number[]
}

/** The length in bytes of the UTF-8 character whose first byte is `lead`. */
export const characterLength = (lead: number): number => (lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4)

/**
 * The most probable segmentation of UTF-8 text under a unigram language model (Kudo 2018, arXiv 1804.10959), by Viterbi.
 *
 * Scores are added in the precision of `scores`: float32 in SentencePiece, float64 in the tokenizers library. The two
 * decide near ties differently.
 */
export class Unigram {
  readonly trie: PieceTrie = new PieceTrie()
  readonly #spec: UnigramSpec

  constructor(spec: UnigramSpec) {
    this.#spec = spec
  }

  segment(bytes: Uint8Array): Segmentation {
    const { scores, unkId, lowestScore, alwaysChosen, highestScore } = this.#spec
    const { trie } = this
    const size = bytes.length
    const single = scores instanceof Float32Array
    const round = single ? Math.fround : (value: number): number => value
    const unknownScore = round(lowestScore - UNKNOWN_PENALTY)
    // The best path that ends before byte n: its score, its last piece's id and that piece's first byte.
    const best = single ? new Float32Array(size + 1) : new Float64Array(size + 1)
    const lastId = new Int32Array(size + 1)
    const lastStart = new Int32Array(size + 1).fill(-1)
    const offer = (id: number, from: number, to: number, score: number): void => {
      if (lastStart[to] !== -1 && !(score > (best[to] ?? 0))) return
      best[to] = score
      lastId[to] = id
      lastStart[to] = from
    }

    for (let from = 0; from < size;) {
      const scoreHere = best[from] ?? 0
      const next = Math.min(from + characterLength(bytes[from] ?? 0), size)
      let characterKnown = false
      let node = 0
      for (let at = from; at < size;) {
        node = trie.step(node, bytes[at] ?? 0)
        if (node < 0) break
        at++
        const id = trie.value(node)
        if (id < 0) continue
        const score = alwaysChosen.has(id) ? round((at - from) * highestScore) - 0.1 : (scores[id] ?? 0)
        offer(id, from, at, score + scoreHere)
        if (at === next) characterKnown = true
      }
      if (!characterKnown) offer(unkId, from, next, round(unknownScore + scoreHere))
      from = next
    }

    const ids: number[] = []
    const starts: number[] = []
    for (let end = size; end > 0; end = lastStart[end] ?? 0) {
      ids.push(lastId[end] ?? unkId)
      starts.push(lastStart[end] ?? 0)
    }
    return { ids: ids.toReversed(), starts: starts.toReversed() }
  }
}

const MAX_NODES = 2 ** 24 - 1

/** A trie over UTF-8 bytes, with its edges in one open-addressing hash table, so that 250 000 pieces take little memory. */
export class PieceTrie {
  /** Per slot: parent node · 256 + byte + 1; zero is an empty slot. */
  #edges: Uint32Array = new Uint32Array(1024)
  #targets: Uint32Array = new Uint32Array(1024)
  #values: Int32Array = new Int32Array(1024).fill(-1)
  #nodeCount = 1

  /** Sets the value (≥ 0) of a key, and replaces an earlier one. */
  insert(key: Uint8Array, value: number): void {
    let node = 0
    for (const byte of key) {
      const next = this.step(node, byte)
      node = next < 0 ? this.#grow(node, byte) : next
    }
    this.#values[node] = value
  }

  /** The node under `node` along `byte`, or -1; the root is 0. */
  step(node: number, byte: number): number {
    const slot = this.#slot(node * 256 + byte + 1)
    return this.#edges[slot] === 0 ? -1 : (this.#targets[slot] ?? -1)
  }

  /** The value of the key that ends at `node`, or -1. */
  value(node: number): number {
    return this.#values[node] ?? -1
  }

  /** The value of a key, or -1. */
  get(key: Uint8Array): number {
    let node = 0
    for (const byte of key) {
      node = this.step(node, byte)
      if (node < 0) return -1
    }
    return this.value(node)
  }

  /** The length in bytes of the longest key at `from`; 0 when there is none. */
  longestMatch(bytes: Uint8Array, from: number): number {
    let node = 0
    let length = 0
    for (let at = from; at < bytes.length; at++) {
      node = this.step(node, bytes[at] ?? 0)
      if (node < 0) break
      if (this.value(node) >= 0) length = at + 1 - from
    }
    return length
  }

  #slot(edge: number): number {
    const mask = this.#edges.length - 1
    let slot = Math.imul(edge, 0x9e37_79b1) >>> Math.clz32(mask)
    for (;;) {
      const present = this.#edges[slot]
      if (present === edge || present === 0) return slot
      slot = (slot + 1) & mask
    }
  }

  #grow(node: number, byte: number): number {
    if (this.#nodeCount === MAX_NODES)
      throw new ModelError({
        message: `The vocabulary needs more than ${MAX_NODES} trie nodes: use a smaller one.`,
      })
    if (this.#nodeCount * 2 > this.#edges.length) this.#rehash()
    const target = this.#nodeCount++
    const edge = node * 256 + byte + 1
    const slot = this.#slot(edge)
    this.#edges[slot] = edge
    this.#targets[slot] = target
    return target
  }

  #rehash(): void {
    const [edges, targets, values] = [this.#edges, this.#targets, this.#values]
    const size = edges.length * 2
    this.#edges = new Uint32Array(size)
    this.#targets = new Uint32Array(size)
    this.#values = new Int32Array(size).fill(-1)
    this.#values.set(values)
    for (let index = 0; index < edges.length; index++) {
      const edge = edges[index] ?? 0
      if (edge === 0) continue
      const slot = this.#slot(edge)
      this.#edges[slot] = edge
      this.#targets[slot] = targets[index] ?? 0
    }
  }
}
