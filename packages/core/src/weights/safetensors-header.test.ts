import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { SafetensorsError } from "./safetensors-error.ts"
import { readSafetensorsHeader, type SafetensorsHeader, safetensorsHeaderLength } from "./safetensors-header.ts"

const withLength = (length: bigint, rest: Uint8Array): Uint8Array => {
  const file = new Uint8Array(8 + rest.length)
  new DataView(file.buffer).setBigUint64(0, length, true)
  file.set(rest, 8)
  return file
}

const read = (header: unknown, dataLength: number): SafetensorsHeader => {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header))
  return readSafetensorsHeader(withLength(BigInt(text.length), text), 8 + text.length + dataLength)
}

const failure = (run: () => unknown): SafetensorsError => {
  try {
    run()
  } catch (error) {
    if (error instanceof SafetensorsError) return error
    throw error
  }
  throw new Error("nothing was thrown")
}

const entry = (dtype: unknown, shape: unknown, begin: unknown, end: unknown): object => ({
  dtype,
  shape,
  data_offsets: [begin, end],
})

const outcome = (run: () => unknown): string => {
  try {
    run()
    return "read"
  } catch (error) {
    return error instanceof SafetensorsError ? "SafetensorsError" : String(error)
  }
}

describe("readSafetensorsHeader", () => {
  it("gives each tensor's type, shape and place, where the data starts, and the metadata", () => {
    const header = read(
      {
        __metadata__: { format: "pt" },
        b: entry("BF16", [2, 2], 4, 12),
        a: entry("F32", [], 0, 4),
        none: entry("U8", [0, 9], 4, 4),
      },
      12,
    )
    expect(header.tensors.get("b")).toEqual({ dtype: "bfloat16", shape: [2, 2], begin: 4, end: 12 })
    expect(header.tensors.get("a")).toEqual({ dtype: "float32", shape: [], begin: 0, end: 4 })
    expect(header.tensors.get("none")).toEqual({ dtype: "uint8", shape: [0, 9], begin: 4, end: 4 })
    expect(header.metadata).toEqual({ format: "pt" })
    expect(header.dataStart).toBeGreaterThan(8)
  })

  it("reads a file without tensors, and a header padded with spaces", () => {
    expect(read("{}   ", 0).tensors.size).toBe(0)
    expect(read({}, 0).metadata).toEqual({})
  })

  it("refuses a header of 100 GB by its length alone", () => {
    const prefix = withLength(100_000_000_000n, new Uint8Array(0))
    expect(failure(() => readSafetensorsHeader(prefix, 200_000_000_000)).message).toBe(
      "The safetensors file claims a header of 100000000000 bytes; at most 100000000 are allowed.",
    )
    expect(failure(() => safetensorsHeaderLength(prefix, 1000)).message).toBe(
      "The safetensors file claims a header of 100000000000 bytes, but is only 1000 bytes long; it is cut off or of another format.",
    )
    expect(
      failure(() => safetensorsHeaderLength(withLength(2n ** 64n - 1n, new Uint8Array(0)), 1000)).message,
    ).toContain("claims a header")
  })

  it("refuses fewer bytes than the header needs", () => {
    expect(failure(() => readSafetensorsHeader(new Uint8Array(7), 7)).message).toContain("8 bytes of header length")
    expect(failure(() => readSafetensorsHeader(withLength(10n, new Uint8Array(4)), 100)).message).toContain(
      "only 12 bytes were read",
    )
  })

  it.each(["not json", "", "[1]", "3", "null", '"text"', "\u0000"])("refuses the header %j", (text) => {
    expect(failure(() => read(text, 0)).message).toMatch(/header that is not (JSON|an object)/)
  })

  it.each([
    [
      "a tensor",
      '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}',
    ],
    ["a tensor by an escape", '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\\u0061" : 1}'],
    ["a field of a tensor", '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"shape":[0]}}'],
    ["a text", '{"__metadata__":{"format":"pt","format":"np"}}'],
  ])("refuses %s that is there twice", (_, text) => {
    expect(failure(() => read(text, 0)).message).toMatch(/has a header with the key "\w+" twice in one object\.$/)
  })

  it("takes keys that are equal in different objects, and texts that look like keys", () => {
    const text =
      '{"__metadata__":{"a":"{\\"a\\":1,\\"a\\":2}"},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'
    expect(read(text, 0).tensors.size).toBe(2)
  })

  it("refuses a header that is not UTF-8", () => {
    const bytes = Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)
    expect(failure(() => readSafetensorsHeader(withLength(7n, bytes), 15)).message).toContain("not JSON")
  })

  it.each<[string, unknown, RegExp]>([
    ["an entry that is no object", 5, /must be described by an object; found 5/],
    ["no dtype", entry(undefined, [1], 0, 4), /element type nothing; known are F64, F32/],
    ["an unknown dtype", entry("F31", [1], 0, 4), /element type "F31"; known are F64, F32/],
    ["a dtype that every object has", entry("toString", [1], 0, 4), /element type "toString"/],
    ["a negative size", entry("F32", [-1], 0, 4), /shape \[-1\]; whole numbers/],
    ["a fractional size", entry("F32", [0.5], 0, 4), /shape \[0\.5\]/],
    ["a size beyond 2^53", entry("F32", [2 ** 53], 0, 4), /shape \[9007199254740992\]/],
    ["no shape", entry("F32", undefined, 0, 4), /shape nothing/],
    ["a shape whose bytes overflow", entry("F32", [2 ** 40, 2 ** 40], 0, 4), /needs 4\.8\d+e\+24 bytes/],
    ["negative offsets", entry("F32", [1], -4, 0), /data_offsets \[-4,0\]/],
    ["fractional offsets", entry("F32", [1], 0.5, 4), /data_offsets \[0\.5,4\]/],
    ["unsafe offsets", entry("F32", [1], 0, 2 ** 60), /data_offsets \[0,1152921504606847000\]/],
    ["offsets as text", entry("F32", [1], "0", "4"), /data_offsets \["0","4"\]/],
    ["three offsets", { dtype: "F32", shape: [1], data_offsets: [0, 4, 8] }, /data_offsets \[0,4,8\]/],
    ["no offsets", { dtype: "F32", shape: [1] }, /data_offsets nothing/],
    ["offsets in reverse", entry("F32", [1], 4, 0), /lies at bytes 4 to 0/],
    ["offsets beyond the file", entry("F32", [2], 0, 8), /lies at bytes 0 to 8, but the file has 4 bytes of data/],
    [
      "another length than its shape",
      entry("F32", [3], 0, 4),
      /needs 12 bytes for float32 of shape \[3\], but its data_offsets span 4/,
    ],
  ])("refuses %s and names the tensor", (_, value, message) => {
    const error = failure(() => read({ "block.weight": value }, 4))
    expect(error).toMatchObject({ _tag: "SafetensorsError", tensor: "block.weight" })
    expect(error.message).toMatch(/^The tensor "block\.weight" .*\.$/)
    expect(error.message).toMatch(message)
  })

  it("refuses overlaps, holes and bytes after the last tensor", () => {
    const overlap = { a: entry("U8", [4], 0, 4), b: entry("U8", [4], 2, 6) }
    expect(failure(() => read(overlap, 6))).toMatchObject({
      tensor: "b",
      message: expect.stringContaining("inside the tensor before it"),
    })
    const hole = { a: entry("U8", [1], 0, 1), b: entry("U8", [1], 2, 3) }
    expect(failure(() => read(hole, 3))).toMatchObject({
      tensor: "b",
      message: expect.stringContaining("the tensor before it ends at 1"),
    })
    expect(failure(() => read({ a: entry("U8", [1], 0, 1) }, 3)).message).toContain(
      "has 3 bytes of data, but its tensors cover only 1",
    )
    expect(failure(() => read({ a: entry("U8", [1], 1, 2) }, 2)).tensor).toBe("a")
  })

  it("refuses metadata that is not text", () => {
    expect(failure(() => read({ __metadata__: [] }, 0)).message).toContain('"__metadata__" that is not an object')
    expect(failure(() => read({ __metadata__: { epoch: 3 } }, 0)).message).toContain(
      'metadata "epoch" with a value that is not a string but 3',
    )
  })

  it("refuses values that are nested without end", () => {
    const nested = `{"a": ${"[".repeat(200_000)}${"]".repeat(200_000)}}`
    expect(() => read(nested, 0)).toThrow(SafetensorsError)
    expect(() => read(`{"a": {"dtype": "F32", "shape": ${nested}}}`, 0)).toThrow(SafetensorsError)
  })

  it("never throws anything but a SafetensorsError", () => {
    const field = fc.oneof(
      fc.jsonValue(),
      fc.array(fc.oneof(fc.integer(), fc.double(), fc.nat(8))),
      fc.constantFrom("F32", "U8"),
    )
    const entries = fc.record({ dtype: field, shape: field, data_offsets: field }, { requiredKeys: [] })
    const headers = fc.oneof(fc.jsonValue(), fc.dictionary(fc.string(), fc.oneof(entries, fc.jsonValue())))
    fc.assert(
      fc.property(headers, fc.uint8Array({ maxLength: 64 }), fc.nat(100), (header, bytes, size) => {
        expect(outcome(() => read(header, size))).toMatch(/^(read|SafetensorsError)$/)
        expect(outcome(() => readSafetensorsHeader(bytes, size))).toMatch(/^(read|SafetensorsError)$/)
        expect(outcome(() => readSafetensorsHeader(withLength(BigInt(bytes.length), bytes), 8 + bytes.length))).toMatch(
          /^(read|SafetensorsError)$/,
        )
      }),
      { numRuns: 2000 },
    )
  })
})
