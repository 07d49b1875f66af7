import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Unigram } from "./unigram.ts"

const UNKNOWN = 0
const encoder = new TextEncoder()

function unigramOf(pieces: ReadonlyArray<readonly [string, number]>, alwaysChosen: number[] = []): Unigram {
  const scores = new Float64Array([0, ...pieces.map(([, score]) => score)])
  const lowestScore = Math.min(...pieces.map(([, score]) => score))
  const unigram = new Unigram({
    scores,
    unkId: UNKNOWN,
    lowestScore,
    highestScore: 0,
    alwaysChosen: new Set(alwaysChosen),
  })
  for (const [index, [text]] of pieces.entries()) unigram.trie.insert(encoder.encode(text), index + 1)
  return unigram
}

/** The best score over all segmentations, by trying them all. */
function bestScore(text: string, pieces: ReadonlyMap<string, number>, unknownScore: number): number {
  const characters = Array.from(text)
  const best = [0]
  for (let end = 1; end <= characters.length; end++) {
    best[end] = -Infinity
    for (let start = 0; start < end; start++) {
      const part = characters.slice(start, end).join("")
      const score = pieces.get(part) ?? (end - start === 1 ? unknownScore : -Infinity)
      best[end] = Math.max(best[end] ?? 0, (best[start] ?? 0) + score)
    }
  }
  return best[characters.length] ?? 0
}

describe("Unigram", () => {
  it("finds a segmentation that covers the text and that no other one beats", () => {
    const letters = fc.constantFrom("a", "b", "é", "龙", "🦊")
    const vocabulary = fc.uniqueArray(
      fc.tuple(fc.string({ unit: letters, minLength: 1, maxLength: 4 }), fc.integer({ min: -20, max: -1 })),
      { selector: ([text]) => text, minLength: 1, maxLength: 12 },
    )
    fc.assert(
      fc.property(vocabulary, fc.string({ unit: letters, maxLength: 12 }), (pieces, text) => {
        const { ids, starts } = unigramOf(pieces).segment(encoder.encode(text))
        const unknownScore = Math.min(...pieces.map(([, score]) => score)) - 10
        const score = ids.reduce((sum, id) => sum + (id === UNKNOWN ? unknownScore : (pieces[id - 1]?.[1] ?? 0)), 0)
        expect(score).toBe(bestScore(text, new Map(pieces), unknownScore))
        const bytes = encoder.encode(text)
        const parts = starts.map((start, index) => new TextDecoder().decode(bytes.subarray(start, starts[index + 1])))
        expect(parts.join("")).toBe(text)
        expect(ids.every((id, index) => id === UNKNOWN || parts[index] === pieces[id - 1]?.[0])).toBe(true)
      }),
    )
  })

  it("keeps the earliest piece on a tie", () => {
    const unigram = unigramOf([
      ["a", -1],
      ["aa", -2],
    ])
    expect(unigram.segment(encoder.encode("aa")).ids).toEqual([2])
  })

  it("always chooses a piece that is marked so, however unlikely it is", () => {
    const pieces = [
      ["ab", -99],
      ["a", -1],
      ["b", -1],
      ["abc", -1],
    ] as const
    expect(unigramOf(pieces).segment(encoder.encode("ab")).ids).toEqual([2, 3])
    expect(unigramOf(pieces, [1]).segment(encoder.encode("ab")).ids).toEqual([1])
  })
})
