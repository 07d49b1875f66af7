import { describe, expect, it } from "vitest"
import { type AddedToken, AddedTokenSplitter } from "./added-tokens.ts"

const token = (id: number, content: string, flags: Partial<AddedToken> = {}): AddedToken => ({
  id,
  content,
  special: true,
  lstrip: false,
  rstrip: false,
  singleWord: false,
  normalized: false,
  ...flags,
})
const split = (text: string, ...tokens: AddedToken[]): Array<string | number> =>
  new AddedTokenSplitter(tokens).split({ text, atStart: true }).map((segment) => segment.id ?? segment.text)

describe("AddedTokenSplitter", () => {
  it("splits tokens out and keeps the text between them as it is", () => {
    expect(split("a </s>  b<pad>", token(1, "</s>"), token(0, "<pad>"))).toEqual(["a ", 1, "  b", 0])
    expect(split("", token(1, "</s>"))).toEqual([])
    expect(split("no token")).toEqual(["no token"])
  })

  it("takes the longest of the tokens with the same start", () => {
    expect(split("<e_10><e_1>0", token(1, "<e_1"), token(2, "<e_10>"), token(3, "<e_1>"))).toEqual([2, 3, "0"])
  })

  it("takes white space only on the sides of lstrip and rstrip", () => {
    expect(split("a \t<x>\u3000 b", token(1, "<x>", { lstrip: true }))).toEqual(["a", 1, "\u3000 b"])
    expect(split("a \t<x>\u3000 b", token(1, "<x>", { rstrip: true }))).toEqual(["a \t", 1, "b"])
    expect(split("<x>  <x>", token(1, "<x>", { lstrip: true, rstrip: true }))).toEqual([1, 1])
  })

  it("passes over a single-word token inside a word", () => {
    const day = token(1, "day", { singleWord: true })
    expect(split("day monday dayx 🦊day é", day)).toEqual([1, " monday dayx 🦊", 1, " é"])
    expect(split("𝐀day dayé", day)).toEqual(["𝐀day dayé"])
  })

  it("reads the characters of a token literally", () => {
    expect(split("a.b a+b [x]", token(1, "a.b"), token(2, "[x]"), token(3, "a+b"))).toEqual([1, " ", 3, " ", 2])
  })

  it("knows which text stands at the start", () => {
    const segments = new AddedTokenSplitter([token(1, "<x>")]).split({ text: "a<x>b", atStart: true })
    expect(segments.map((segment) => segment.atStart)).toEqual([true, false, false])
  })

  it("refuses an empty token", () => {
    expect(() => split("a", token(7, ""))).toThrow("The added token 7 is empty")
  })
})
