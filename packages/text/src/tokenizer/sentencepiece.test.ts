import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { golden, goldenJson } from "../../test/tokenizer-golden.ts"
import { SentencePiece } from "./sentencepiece.ts"

interface Case {
  readonly text: string
  readonly sentencepiece_ids: number[]
}

const reference = goldenJson("sentencepiece.json") as { texts: string[]; models: Record<string, number[][]> }

describe("SentencePiece", () => {
  it("gives the ids of the C++ library for the reference tokenizer", () => {
    const { cases } = goldenJson("cases.json") as { cases: Case[] }
    const model = new SentencePiece(golden("spiece.model"))
    expect(cases.map(({ text }) => model.encode(text))).toEqual(cases.map((row) => row.sentencepiece_ids))
  })

  for (const [name, ids] of Object.entries(reference.models)) {
    it(`gives the ids of the C++ library for the ${name} model`, () => {
      const model = new SentencePiece(golden(`${name}.model`))
      expect(reference.texts.map((text) => model.encode(text))).toEqual(ids)
    })
  }

  it("keeps user-defined symbols whole and as they were written", () => {
    const model = new SentencePiece(golden("user-defined.model"))
    const texts = model.encode("x ＡＢ ＡＣ afox").map((id) => model.pieces[id]?.text)
    expect(texts).toContain("ＡＢ")
    expect(texts).toContain("fox")
  })

  it("spells every text that it cannot know in bytes when the model falls back to bytes", () => {
    const model = new SentencePiece(golden("byte-fallback.model"))
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(model.encode(text)).not.toContain(model.unkId)
      }),
    )
  })

  it("never gives the unknown id twice in a row, nor an id outside the vocabulary", () => {
    const model = new SentencePiece(golden("spiece.model"))
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
        const ids = model.encode(text)
        expect(ids.every((id) => model.pieces[id] !== undefined)).toBe(true)
        expect(ids.some((id, index) => id === model.unkId && ids[index + 1] === id)).toBe(false)
      }),
    )
  })

  it("refuses a model that is not unigram by its kind", () => {
    expect(() => new SentencePiece(golden("bpe.model"))).toThrow(
      "spiece.model is a BPE model, but only UNIGRAM models, as T5 and UMT5 have, can be used: use the tokenizer of such a text encoder.",
    )
  })
})
