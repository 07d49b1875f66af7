import { Normalizer } from "./normalizer.ts"
import { parseSentencePieceModel, type Piece, type SentencePieceModel } from "./sentencepiece-model.ts"
import { Unigram } from "./unigram.ts"

/** The smallest positive normal float32: where SentencePiece begins its search for the highest score. */
const FLT_MIN = 2 ** -126

/** A SentencePiece unigram model: the same ids as the C++ library gives, without special tokens. */
export class SentencePiece {
  readonly pieces: ReadonlyArray<Piece>
  readonly unkId: number
  readonly #model: SentencePieceModel
  readonly #normalizer: Normalizer
  readonly #unigram: Unigram
  /** The id of each byte's piece; empty without byte fallback. */
  readonly #byteIds: number[] = []

  /** `bytes` is the content of a `.model` file; throws a TokenizerError that begins with `name`. */
  constructor(bytes: Uint8Array, name = "spiece.model") {
    const model = parseSentencePieceModel(bytes, name)
    this.#model = model
    this.pieces = model.pieces
    this.unkId = model.unkId
    this.#normalizer = new Normalizer(model, name)
    const scores = new Float32Array(model.pieces.length)
    const alwaysChosen = new Set<number>()
    let lowestScore = Infinity
    let highestScore = FLT_MIN
    for (const [id, { score, type, text }] of model.pieces.entries()) {
      scores[id] = score
      if (type === "user-defined") alwaysChosen.add(id)
      if (type === "byte") this.#byteIds[Number.parseInt(text.slice(3, 5), 16)] = id
      if (type !== "normal") continue
      lowestScore = Math.min(lowestScore, score)
      highestScore = Math.max(highestScore, score)
    }
    this.#unigram = new Unigram({ scores, unkId: model.unkId, lowestScore, highestScore, alwaysChosen })
    const encoder = new TextEncoder()
    for (const [id, { text, type }] of model.pieces.entries()) {
      if (type === "normal" || type === "user-defined") this.#unigram.trie.insert(encoder.encode(text), id)
    }
  }

  /** The ids of a well-formed text; a run of unknown characters is one unknown id, or its bytes with byte fallback. */
  encode(text: string): number[] {
    const bytes = this.#normalizer.normalize(new TextEncoder().encode(text))
    const { ids, starts } = this.#unigram.segment(bytes)
    const out: number[] = []
    for (const [index, id] of ids.entries()) {
      if (id !== this.unkId) out.push(id)
      else if (this.#model.byteFallback) {
        for (const byte of bytes.subarray(starts[index], starts[index + 1])) out.push(this.#byteIds[byte] ?? id)
      } else if (ids[index - 1] !== this.unkId) out.push(id)
    }
    return out
  }
}
