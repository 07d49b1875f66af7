import { PrecompiledCharsmap } from "./precompiled-charsmap.ts"
import { parseSentencePieceModel, type Piece, type SentencePieceModel } from "./sentencepiece-model.ts"
import { characterLength, PieceTrie, Unigram } from "./unigram.ts"

/** The smallest positive normal float32, from which SentencePiece starts its search for the highest score. */
const FLT_MIN = 2 ** -126

/** A SentencePiece unigram model, with the ids of the C++ library, without special tokens. */
export class SentencePiece {
  readonly pieces: ReadonlyArray<Piece>
  readonly unkId: number
  readonly #model: SentencePieceModel
  readonly #normalizer: Normalizer
  readonly #unigram: Unigram
  /** The id of each byte's piece; empty without byte fallback. */
  readonly #byteIds: number[] = []

  /** `bytes` is the content of a `.model` file; throws a `ModelError` whose message starts with `name`. */
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

const SPACE = 0x20
const SPACE_TEXT = new Uint8Array([SPACE])
/** U+2581, which stands for a space inside pieces. */
const SPACE_SYMBOL = new Uint8Array([0xe2, 0x96, 0x81])

/** SentencePiece's normalization: the model's table of replacements, then its rules for spaces. */
class Normalizer {
  readonly #model: SentencePieceModel
  readonly #charsmap: PrecompiledCharsmap | undefined
  readonly #userDefined: PieceTrie | undefined
  readonly #space: Uint8Array

  constructor(model: SentencePieceModel, name: string) {
    this.#model = model
    this.#space = model.escapeWhitespaces ? SPACE_SYMBOL : SPACE_TEXT
    if (model.precompiledCharsmap.length > 0) this.#charsmap = new PrecompiledCharsmap(model.precompiledCharsmap, name)
    const userDefined = model.pieces.filter((piece) => piece.type === "user-defined")
    if (userDefined.length > 0) {
      this.#userDefined = new PieceTrie()
      for (const piece of userDefined) this.#userDefined.insert(new TextEncoder().encode(piece.text), 0)
    }
  }

  /** Normalizes UTF-8. */
  normalize(text: Uint8Array): Uint8Array {
    const { addDummyPrefix, removeExtraWhitespaces, treatWhitespaceAsSuffix } = this.#model
    let out = new Uint8Array(text.length * 2 + 16)
    let length = 0
    const append = (bytes: Uint8Array, from: number): void => {
      const needed = length + (bytes.length - from) * this.#space.length
      if (needed > out.length) {
        const grown = new Uint8Array(needed * 2)
        grown.set(out)
        out = grown
      }
      for (let index = from; index < bytes.length; index++) {
        const byte = bytes[index] ?? 0
        if (byte !== SPACE) out[length++] = byte
        else for (const part of this.#space) out[length++] = part
      }
    }

    let at = 0
    if (removeExtraWhitespaces) {
      for (; at < text.length; at += this.#consumed) {
        const head = this.#replacementAt(text, at)
        if (head.length !== 1 || head[0] !== SPACE) break
      }
    }
    if (at === text.length) return new Uint8Array(0)

    if (addDummyPrefix && !treatWhitespaceAsSuffix) append(SPACE_TEXT, 0)
    let afterSpace = removeExtraWhitespaces
    for (; at < text.length; at += this.#consumed) {
      const replacement = this.#replacementAt(text, at)
      let from = 0
      if (afterSpace) while (replacement[from] === SPACE) from++
      append(replacement, from)
      if (from < replacement.length) afterSpace = removeExtraWhitespaces && replacement.at(-1) === SPACE
    }
    if (removeExtraWhitespaces) {
      while (length > 0 && this.#endsWithSpace(out, length)) length -= this.#space.length
    }
    if (addDummyPrefix && treatWhitespaceAsSuffix) append(SPACE_TEXT, 0)
    return out.subarray(0, length)
  }

  /** The number of bytes of the text that the last replacement stands for. */
  #consumed = 0

  #replacementAt(text: Uint8Array, at: number): Uint8Array {
    const userDefined = this.#userDefined?.longestMatch(text, at) ?? 0
    if (userDefined > 0) {
      this.#consumed = userDefined
      return text.subarray(at, at + userDefined)
    }
    const replacement = this.#charsmap?.find(text, at, text.length)
    if (replacement !== undefined) {
      this.#consumed = this.#charsmap?.matchLength ?? 1
      return replacement
    }
    this.#consumed = Math.min(characterLength(text[at] ?? 0), text.length - at)
    return text.subarray(at, at + this.#consumed)
  }

  #endsWithSpace(bytes: Uint8Array, length: number): boolean {
    const from = length - this.#space.length
    return from >= 0 && this.#space.every((byte, index) => bytes[from + index] === byte)
  }
}
