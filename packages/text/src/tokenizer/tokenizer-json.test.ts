import { describe, expect, it } from "vitest"
import { golden, goldenJson } from "../../test/tokenizer-golden.ts"
import { parseTokenizerJson } from "./tokenizer-json.ts"
import { ModelError } from "@auteur/core"

const reference = goldenJson("tokenizer-json.json") as { texts: string[]; files: Record<string, number[][]> }
const t5 = goldenJson("t5.tokenizer.json") as Record<string, object>

function messageOf(changes: object): string {
  try {
    parseTokenizerJson(JSON.stringify({ ...t5, ...changes }))
  } catch (error) {
    if (error instanceof ModelError) return error.message
    throw error
  }
  return "accepted"
}

describe("parseTokenizerJson", () => {
  for (const [name, ids] of Object.entries(reference.files)) {
    it(`gives the ids of the tokenizers library for the ${name} pipeline`, () => {
      const tokenizer = parseTokenizerJson(golden(`${name}.tokenizer.json`))
      const eosId = tokenizer.pieces.indexOf(tokenizer.eosToken)
      expect(reference.texts.map((text) => [...tokenizer.encode(text), eosId])).toEqual(ids)
    })
  }

  it("names a component that it does not know, and those that it does", () => {
    expect(messageOf({ normalizer: { type: "Lowercase" } })).toBe(
      'tokenizer.json: the normalizer "Lowercase" with {"type":"Lowercase"} is not supported, as T5 and UMT5 tokenizers have only Sequence, Precompiled, Strip, Replace, NFC, NFD, NFKC and NFKD: use the tokenizer of such a text encoder.',
    )
    const nested = { type: "Sequence", normalizers: [{ type: "NFC" }, { type: "BertNormalizer" }] }
    expect(messageOf({ normalizer: nested })).toContain('the normalizer "BertNormalizer"')
    expect(messageOf({ normalizer: { type: "Replace", pattern: { Regex: "a+" }, content: "" } })).toContain('"Replace"')
    expect(messageOf({ pre_tokenizer: { type: "ByteLevel" } })).toContain('the pre_tokenizer "ByteLevel"')
    expect(messageOf({ pre_tokenizer: null })).toContain("the pre_tokenizer component with null")
    expect(messageOf({ post_processor: { type: "RobertaProcessing" } })).toContain(
      'the post_processor "RobertaProcessing"',
    )
    expect(messageOf({ model: { ...t5["model"], type: "BPE" } })).toBe(
      'tokenizer.json: the model is "BPE", but only Unigram models can be used: use the tokenizer of a T5 or UMT5 text encoder.',
    )
  })

  it("names what is wrong in a damaged file", () => {
    expect(() => parseTokenizerJson("{")).toThrow("tokenizer.json is not valid JSON: download the file again.")
    expect(messageOf({ added_tokens: [{ id: "x", content: "a" }] })).toMatch(
      /^tokenizer\.json cannot be used: "added_tokens\.0\.id" is "x"/,
    )
    expect(messageOf({ added_tokens: [{ id: -1, content: "a" }] })).toMatch(
      /^tokenizer\.json cannot be used: "added_tokens\.0\.id" is -1/,
    )
    expect(messageOf({ model: { ...t5["model"], vocab: [["a", "b"]] } })).toContain("model.vocab[0]")
    expect(messageOf({ model: { ...t5["model"], unk_id: 9999 } })).toContain("unk_id is 9999, but an id below")
    const charsmap = (precompiled_charsmap: string): string =>
      messageOf({ normalizer: { type: "Precompiled", precompiled_charsmap } })
    expect(charsmap("?")).toContain("is not base64")
    expect(charsmap("AAAA")).toContain("the normalization table is damaged")
  })

  it("reads the older spelling of Metaspace", () => {
    const older = { type: "Metaspace", replacement: "▁", str_rep: "▁", add_prefix_space: true }
    const tokenizer = parseTokenizerJson(JSON.stringify({ ...t5, pre_tokenizer: older }))
    expect(tokenizer.encode("a fox")).toEqual(parseTokenizerJson(JSON.stringify(t5)).encode("a fox"))
  })
})
