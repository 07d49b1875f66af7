import { readFileSync } from "node:fs"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { golden, goldenJson } from "../../test/tokenizer-golden.ts"
import { loadTokenizer } from "./tokenizer.ts"

interface Folder {
  readonly files: string[]
  readonly size: number
  readonly ids: number[][]
  readonly padded_24: number[][]
  readonly mask_24: number[][]
  readonly decoded?: string[]
}
interface Case {
  readonly text: string
  readonly padded_ids_16: number[]
}

const model = golden("spiece.model")
const config = golden("tokenizer_config.json")
const tokenizer = loadTokenizer({ "spiece.model": model, "tokenizer_config.json": config })
const numbers = (values: BigInt64Array): number[] => Array.from(values, Number)

describe("loadTokenizer", () => {
  it("pads and cuts as the pipelines of the reference do", () => {
    const { cases } = goldenJson("cases.json") as { cases: Case[] }
    const rows = cases.map(({ text }) => numbers(tokenizer.encodePadded(text, 16).ids))
    expect(rows).toEqual(cases.map((row) => row.padded_ids_16))
  })

  const { texts, folders } = goldenJson("t5-v1_1/cases.json") as { texts: string[]; folders: Record<string, Folder> }
  for (const [name, folder] of Object.entries(folders)) {
    it(`gives the ids of transformers for a T5 v1.1 folder: extra ids from ${name}`, () => {
      const files = Object.fromEntries(folder.files.map((file) => [file, golden(`t5-v1_1/${file}`)]))
      const t5 = loadTokenizer({ "spiece.model": model, ...files })
      expect(t5.vocabularySize).toBe(folder.size)
      expect(texts.map((text) => [...t5.encode(text), t5.eosId])).toEqual(folder.ids)
      const padded = texts.map((text) => t5.encodePadded(text, 24))
      expect(padded.map((row) => numbers(row.ids))).toEqual(folder.padded_24)
      expect(padded.map((row) => numbers(row.mask))).toEqual(folder.mask_24)
    })
  }

  it("decodes as transformers does when it leaves special tokens out", () => {
    const { ids, decoded } = folders["added_tokens_decoder"] as Folder
    const t5Config = golden("t5-v1_1/tokenizer_config.json")
    const t5 = loadTokenizer({ "spiece.model": model, "tokenizer_config.json": t5Config })
    expect(ids.map((row) => t5.decode(row))).toEqual(decoded)
  })

  it("knows the special ids and the length limit of the folder", () => {
    expect(tokenizer).toMatchObject({ padId: 0, eosId: 1, unkId: 2, maxLength: 512, vocabularySize: 163 })
    expect(loadTokenizer({ "spiece.model": model }).maxLength).toBeUndefined()
  })

  it("reads the bundled model's two vocabularies to the same ids", () => {
    const folder = new URL("../../../../models/emoji-world/tokenizer/", import.meta.url)
    const read = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, folder)))
    const files = { "tokenizer_config.json": read("tokenizer_config.json") }
    const fromModel = loadTokenizer({ ...files, "spiece.model": read("spiece.model") })
    const fromJson = loadTokenizer({ ...files, "tokenizer.json": read("tokenizer.json") })
    expect(fromJson).toMatchObject({
      ...fromModel,
      encode: expect.any(Function),
      encodePadded: expect.any(Function),
      decode: expect.any(Function),
    })
    fc.assert(
      fc.property(fc.string({ unit: "binary-ascii" }), fc.lorem({ mode: "sentences" }), (noise, words) => {
        const text = `${words} a dragon</s> ${noise} ｆｕｌｌ ﬁ café 龙 🦊`
        expect(fromJson.encode(text)).toEqual(fromModel.encode(text))
      }),
    )
  })

  it("prefers spiece.model where both vocabularies are there", () => {
    const both = loadTokenizer({ "spiece.model": model, "tokenizer_config.json": config, "tokenizer.json": "not JSON" })
    expect(both.encode("a fox runs")).toEqual(tokenizer.encode("a fox runs"))
  })

  it("keeps the end token and says which text was cut", () => {
    const cut = tokenizer.encodePadded("a fox runs on the ice", 4)
    const all = tokenizer.encode("a fox runs on the ice")
    expect(numbers(cut.ids)).toEqual([...all.slice(0, 3), tokenizer.eosId])
    expect(cut.truncated).toBe(tokenizer.decode(all.slice(3)))
    expect(tokenizer.encodePadded("a fox", 20).truncated).toBeUndefined()
    expect(tokenizer.encodePadded("a fox", 1)).toMatchObject({ truncated: "a fox" })
    expect(numbers(tokenizer.encodePadded("a fox", 1).ids)).toEqual([tokenizer.eosId])
  })

  it("makes rows of exactly the given length, with one mask bit per token", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 40 }), (text, length) => {
        const { ids, mask, truncated } = tokenizer.encodePadded(text, length)
        const kept = Math.min(tokenizer.encode(text).length, length - 1)
        expect([ids.length, mask.length]).toEqual([length, length])
        expect(numbers(mask).reduce((sum, bit) => sum + bit, 0)).toBe(kept + 1)
        expect(Number(ids[kept])).toBe(tokenizer.eosId)
        expect(truncated === undefined).toBe(kept === tokenizer.encode(text).length)
      }),
    )
  })

  it("decodes words of the vocabulary back to themselves, and bytes to characters", () => {
    expect(tokenizer.decode(tokenizer.encodePadded("a fox runs on the ice", 30).ids)).toBe("a fox runs on the ice")
    const bytes = loadTokenizer({ "spiece.model": golden("byte-fallback.model") })
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "龙", "🦊", "é", "\u0301", "Z") }), (text) => {
        expect(bytes.decode(bytes.encode(text))).toBe(text)
      }),
    )
  })

  it("says what is wrong with the input", () => {
    expect(() => tokenizer.encode("fox \ud83e")).toThrow("half of a surrogate pair")
    expect(() => tokenizer.encodePadded("fox", 0)).toThrow(
      "The token limit is 0, but a whole number of at least 1 is expected.",
    )
    expect(() => tokenizer.encodePadded("fox", 2.5)).toThrow("The token limit is 2.5")
    expect(() => tokenizer.decode([163])).toThrow("163 is not a token id: ids go from 0 to 162.")
  })

  it("names the file and the setting that cannot be used", () => {
    expect(() => loadTokenizer({})).toThrow("neither spiece.model nor tokenizer.json")
    const withConfig = (json: object): unknown =>
      loadTokenizer({ "spiece.model": model, "tokenizer_config.json": JSON.stringify(json) })
    expect(() => withConfig({ padding_side: "left" })).toThrow(
      /^tokenizer_config\.json cannot be used: "padding_side" is "left", but "right"/,
    )
    expect(() => withConfig({ extra_ids: -1 })).toThrow(/^tokenizer_config\.json cannot be used: "extra_ids"/)
    expect(() => withConfig({ added_tokens_decoder: { x: { content: "<x>" } } })).toThrow(
      'has the key "x", which is not an id',
    )
    expect(() =>
      loadTokenizer({
        "tokenizer.json": golden("t5.tokenizer.json"),
        "tokenizer_config.json": '{"pad_token":"<void>"}',
      }),
    ).toThrow('padding token "<void>" is not in its vocabulary')
  })
})
