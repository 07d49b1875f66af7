import { MediaError } from "@auteur/core"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { fromJson, toAscii, toJson } from "./metadata.ts"
import { fromXmp, toXmp } from "./webp/xmp.ts"

const texts = fc.dictionary(fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" }))

describe("the metadata", () => {
  it("comes back from JSON, from ASCII and from XMP", () => {
    fc.assert(
      fc.property(texts, (metadata) => {
        const json = toJson(metadata) ?? "{}"
        expect(fromJson(json)).toEqual(metadata)
        expect(toAscii(json)).toMatch(/^[\x20-\x7E]*$/)
        expect(fromJson(toAscii(json))).toEqual(metadata)
        expect(fromXmp(toXmp(json))).toBe(json)
      }),
    )
  })

  it("is nothing when there are no texts", () => {
    expect(toJson({})).toBeUndefined()
    expect(toJson(undefined)).toBeUndefined()
    expect(fromJson(undefined)).toEqual({})
    expect(fromXmp(new TextEncoder().encode("<x:xmpmeta><rdf:RDF/></x:xmpmeta>"))).toBeUndefined()
  })

  it("refuses to write values that are not strings, and more than 256 KiB", () => {
    expect(() => toJson({ seed: 7 } as unknown as Record<string, string>)).toThrow("make every value a string")
    expect(() => toJson({ prompt: "x".repeat(300_000) })).toThrow("is 300013 characters long; the most is 262144")
  })

  it.each(["", "{", "[]", "null", '"text"', '{"seed":7}', '{"a":{}}', `{"a":"${"x".repeat(2_000_000)}"}`])(
    "refuses to read %.20s",
    (json) => {
      expect(() => fromJson(json)).toThrow(MediaError)
      expect(() => fromJson(json)).toThrow('The metadata named "auteur" of this file cannot be read')
    },
  )

  it("reads a name like __proto__ as a name", () => {
    const read = fromJson('{"__proto__":"x"}')
    expect(Object.keys(read)).toEqual(["__proto__"])
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype)
  })
})
