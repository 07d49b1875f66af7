import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { allocate, type DType } from "../tensor/dtype.ts"
import { SafetensorsError } from "./safetensors-error.ts"
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts"
import { type AnyTensor, Tensor } from "../tensor/tensor.ts"

const dtypes: readonly DType[] = ["float32", "float16", "bfloat16", "int32", "int64", "uint8", "bool"]

const tensors = fc
  .tuple(fc.constantFrom(...dtypes), fc.array(fc.nat(3), { maxLength: 3 }), fc.infiniteStream(fc.nat(255)))
  .map(([dtype, shape, stream]): AnyTensor => {
    const data = allocate(
      dtype,
      shape.reduce((a, b) => a * b, 1),
    )
    const bytes = new Uint8Array(data.buffer)
    for (let i = 0; i < bytes.length; i++) bytes[i] = stream.next().value as number
    return Tensor.from(shape.map((_, i) => `a${i}`).join(" ") as string, shape, data, dtype)
  })

const names = fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("__proto__", "constructor", "", "0"))
const bytesOf = (data: ArrayBufferView): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

const outcome = (run: () => unknown): string => {
  try {
    run()
    return "read"
  } catch (error) {
    return error instanceof SafetensorsError ? "SafetensorsError" : String(error)
  }
}

describe("encodeSafetensors", () => {
  it("writes what decodeSafetensors reads back: every name, type, shape, byte and metadata entry", () => {
    const contents = fc.dictionary(
      names.filter((name) => name !== "__metadata__"),
      tensors,
      { maxKeys: 5 },
    )
    fc.assert(
      fc.property(contents, fc.dictionary(names, fc.string(), { maxKeys: 3 }), (input, metadata) => {
        const decoded = decodeSafetensors(encodeSafetensors(input, metadata))
        expect([...decoded.tensors.keys()].toSorted()).toEqual(Object.keys(input).toSorted())
        for (const [name, tensor] of Object.entries(input)) {
          const found = decoded.tensors.get(name)!
          expect(found.dtype).toBe(tensor.dtype)
          expect(found.shape).toEqual(tensor.shape)
          expect(bytesOf(found.data)).toEqual(bytesOf(tensor.values()))
        }
        expect(Object.entries(decoded.metadata).toSorted()).toEqual(Object.entries(metadata).toSorted())
      }),
    )
  })

  it("writes the same bytes whatever the order of the keys", () => {
    const [a, b] = [Tensor.zeros("x", [3], "uint8"), Tensor.zeros("x", [2])]
    expect(encodeSafetensors({ a, b }, { p: "1", q: "2" })).toEqual(encodeSafetensors({ b, a }, { q: "2", p: "1" }))
  })

  it("stores a contiguous part of a tensor, and refuses a view that is not contiguous", () => {
    const grid = Tensor.from("a b", [2, 2], Float32Array.of(1, 2, 3, 4))
    const { tensors: parts } = decodeSafetensors(encodeSafetensors({ part: grid.slice("a", 1, 2) }))
    expect(parts.get("part")!.data).toEqual(Float32Array.of(3, 4))
    expect(() => encodeSafetensors({ part: grid.permute("b a") })).toThrow("call contiguous() first")
  })

  it("refuses the reserved name", () => {
    expect(() => encodeSafetensors({ __metadata__: Tensor.zeros("a", [1]) })).toThrow(SafetensorsError)
  })

  it("aligns the data of every tensor in the file to its element", () => {
    const file = encodeSafetensors({
      a: Tensor.zeros("x", [3], "uint8"),
      b: Tensor.from("x", [1], BigInt64Array.of(5n), "int64"),
      c: Tensor.from("x", [1], Float32Array.of(1)),
    })
    const dataStart = 8 + Number(new DataView(file.buffer).getBigUint64(0, true))
    expect(dataStart % 8).toBe(0)
    expect(new BigInt64Array(file.buffer, dataStart, 1)[0]).toBe(5n)
    expect(new Float32Array(file.buffer, dataStart + 8, 1)[0]).toBe(1)
  })
})

it("decodes a file that lies unaligned in a larger buffer into copies", () => {
  const file = encodeSafetensors({ x: Tensor.from("a", [2], Float32Array.of(1.5, -2)) })
  const larger = new Uint8Array(file.length + 3)
  larger.set(file, 3)
  const { tensors: decoded } = decodeSafetensors(larger.subarray(3))
  larger.fill(0)
  expect(decoded.get("x")).toEqual({ dtype: "float32", shape: [2], data: Float32Array.of(1.5, -2) })
})

it("never throws anything but a SafetensorsError, whichever bytes of a file are damaged", () => {
  const file = encodeSafetensors(
    { weight: Tensor.zeros("a b", [2, 3]), ids: Tensor.zeros("a", [4], "int64") },
    { format: "pt" },
  )
  const damage = fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(damage, fc.nat(file.length), (changes, length) => {
      for (const end of [file.length, length]) {
        const damaged = file.slice(0, end)
        for (const [position, byte] of changes) if (position < end) damaged[position] = byte
        expect(outcome(() => decodeSafetensors(damaged))).toMatch(/^(read|SafetensorsError)$/)
      }
    }),
    { numRuns: 2000 },
  )
})
