import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { golden } from "../../test/tokenizer-golden.ts"
import { parseSentencePieceModel } from "./sentencepiece-model.ts"
import { SentencePiece } from "./sentencepiece.ts"
import { ModelError } from "@auteur/core"

const small = golden("user-defined.model")

/** A ModelProto with these pieces: [text, type]. */
function modelOf(...pieces: ReadonlyArray<readonly [text: string, type: number]>): Uint8Array {
  const rows = pieces.map(([text, type]) => {
    const bytes = [...new TextEncoder().encode(text)]
    const row = [0x0a, bytes.length, ...bytes, 0x15, 0, 0, 0x80, 0xbf, 0x18, type]
    return [0x0a, row.length, ...row]
  })
  return new Uint8Array(rows.flat())
}

function errorOf(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}

describe("parseSentencePieceModel", () => {
  it("reads pieces, scores, types and the settings", () => {
    const model = parseSentencePieceModel(small)
    expect(model.pieces[0]).toEqual({ text: "<pad>", score: 0, type: "control" })
    expect(model.pieces.map((piece) => piece.type)).toContain("user-defined")
    expect(model).toMatchObject({ unkId: 2, byteFallback: false, addDummyPrefix: true, removeExtraWhitespaces: true })
    expect(parseSentencePieceModel(golden("byte-fallback.model")).byteFallback).toBe(true)
    expect(parseSentencePieceModel(golden("whitespace-suffix.model")).treatWhitespaceAsSuffix).toBe(true)
    expect(parseSentencePieceModel(golden("raw-whitespace.model"))).toMatchObject({
      addDummyPrefix: false,
      removeExtraWhitespaces: false,
    })
  })

  it("throws a ModelError, or reads fewer fields, for a file that is cut anywhere", () => {
    for (let length = 0; length < small.length; length++) {
      const result = errorOf(() => new SentencePiece(small.subarray(0, length)).encode("a fox"))
      expect(Array.isArray(result) || result instanceof ModelError).toBe(true)
    }
  })

  it("throws a ModelError, or still encodes, for damaged bytes", () => {
    const damage = fc.array(fc.tuple(fc.nat(small.length - 1), fc.nat(255)), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(damage, (changes) => {
        const bytes = small.slice()
        for (const [at, byte] of changes) bytes[at] = byte
        const result = errorOf(() => new SentencePiece(bytes).encode("a ＡＢ fox e\u0301 龍"))
        expect(Array.isArray(result) || result instanceof ModelError).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it("throws a ModelError for arbitrary bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(errorOf(() => parseSentencePieceModel(bytes))).toBeInstanceOf(ModelError)
      }),
    )
  })

  it("says where a file ends too early", () => {
    expect(() => parseSentencePieceModel(small.subarray(0, 4), "tokenizer/spiece.model")).toThrow(
      /^tokenizer\/spiece\.model is damaged: it ends inside a field of \d+ bytes at byte 2: download the file again\.$/,
    )
  })

  it("names the pieces that contradict each other", () => {
    const good = modelOf(["<unk>", 2], ["a", 1])
    expect(parseSentencePieceModel(good).unkId).toBe(0)
    expect(() => parseSentencePieceModel(modelOf(["a", 1]))).toThrow("none of the 1 pieces is of type UNKNOWN")
    expect(() => parseSentencePieceModel(modelOf(["<unk>", 2], ["x", 2]))).toThrow(
      "pieces 0 and 1 are both of type UNKNOWN",
    )
    expect(() => parseSentencePieceModel(modelOf(["<unk>", 2], ["a", 1], ["a", 1]))).toThrow(
      'piece 2 ("a") is defined twice',
    )
    expect(() => parseSentencePieceModel(modelOf(["<unk>", 2], ["", 1]))).toThrow("piece 1 is empty")
    expect(() => parseSentencePieceModel(modelOf(["<unk>", 2], ["a", 9]))).toThrow('piece 1 ("a") has an unknown type')
    expect(() => parseSentencePieceModel(modelOf(["<unk>", 2], ["a", 1], ["<0x41>", 6]))).toThrow(
      "it has 1 byte pieces",
    )
    expect(() => parseSentencePieceModel(modelOf(["<unk>", 2]))).toThrow("no piece that could be found")
  })
})
