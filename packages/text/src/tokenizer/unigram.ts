import { PieceTrie } from "./piece-trie.ts"

const UNKNOWN_PENALTY = 10

/** What a unigram language model segments with. */
interface UnigramSpec {
  /** Log probability by id. */
  readonly scores: Float32Array | Float64Array
  readonly unkId: number
  /** The lowest score of the vocabulary: an unknown character costs ten less. */
  readonly lowestScore: number
  /** Ids that win over everything they overlap; a piece of n bytes scores n · highestScore − 0.1. */
  readonly alwaysChosen: ReadonlySet<number>
  readonly highestScore: number
}

/** A segmentation: piece k has `ids[k]` and covers the bytes from `starts[k]` to `starts[k + 1]` (or the end). */
interface Segmentation {
  readonly ids: number[]
  readonly starts: number[]
}

/** Length in bytes of the UTF-8 character that this byte begins. */
export const characterLength = (lead: number): number => (lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4)

/**
 * The most probable segmentation of UTF-8 text under a unigram language model (Kudo 2018, arXiv 1804.10959), by Viterbi.
 *
 * Scores accumulate in the precision of `scores`: SentencePiece adds in float32 and the tokenizers library in
 * float64, and near ties fall differently.
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
