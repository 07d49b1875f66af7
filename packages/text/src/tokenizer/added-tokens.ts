import { ModelError } from "@auteur/core"

/** A token that is looked for in the text itself, before the vocabulary is consulted. */
export interface AddedToken {
  readonly id: number
  readonly content: string
  /** Whether decoding leaves it out. */
  readonly special: boolean
  /** Whether it takes the white space before (`lstrip`) and after (`rstrip`) it. */
  readonly lstrip: boolean
  readonly rstrip: boolean
  /** Whether it matches only where no word character touches it. */
  readonly singleWord: boolean
  /** Whether it is looked for after normalization instead of before. */
  readonly normalized: boolean
}

/** A section of a text, with an `id` where it is an added token; `atStart` when nothing is before it. */
export interface TextSegment {
  readonly text: string
  readonly id?: number
  readonly atStart: boolean
}

const WORD = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u
const SPACE_AT_START = /^\p{White_Space}*/u
const WHITE_SPACE = /\p{White_Space}/u

/** Finds added tokens in text: the leftmost first, and of those with the same start the longest. */
export class AddedTokenSplitter {
  readonly #tokens: Map<string, AddedToken> = new Map()
  readonly #pattern: RegExp | undefined

  constructor(tokens: Iterable<AddedToken>) {
    for (const token of tokens) {
      if (token.content === "")
        throw new ModelError({ message: `The added token ${token.id} is empty: download the tokenizer again.` })
      this.#tokens.set(token.content, token)
    }
    const longestFirst = [...this.#tokens.keys()].toSorted((a, b) => b.length - a.length)
    if (longestFirst.length > 0)
      this.#pattern = new RegExp(
        longestFirst.map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|"),
        "gu",
      )
  }

  split({ text, atStart }: TextSegment): TextSegment[] {
    const out: TextSegment[] = []
    let done = 0
    const leaveText = (end: number): void => {
      if (end > done) out.push({ text: text.slice(done, end), atStart: atStart && done === 0 })
    }
    for (const match of this.#pattern === undefined ? [] : text.matchAll(this.#pattern)) {
      const token = this.#tokens.get(match[0])
      if (token === undefined) continue
      let start = match.index
      let end = start + match[0].length
      if (token.singleWord && touchesWord(text, start, end)) continue
      if (token.lstrip) while (start > done && WHITE_SPACE.test(text.charAt(start - 1))) start--
      if (token.rstrip) end += SPACE_AT_START.exec(text.slice(end))?.[0].length ?? 0
      leaveText(start)
      out.push({ text: text.slice(start, end), id: token.id, atStart: false })
      done = end
    }
    leaveText(text.length)
    return out
  }
}

function touchesWord(text: string, start: number, end: number): boolean {
  const before = Array.from(text.slice(Math.max(0, start - 2), start)).at(-1) ?? ""
  return WORD.test(before) || WORD.test(text.slice(end, end + 2))
}
