import { assert, it } from "@effect/vitest"
import { ProtobufWriter } from "./protobuf.ts"

const bytes = (write: (out: ProtobufWriter) => ProtobufWriter) => [...write(new ProtobufWriter()).finish()]

// The examples of the encoding's own documentation, and what it says of negative numbers.
it("writes a small and a two-byte integer", () => {
  assert.deepStrictEqual(
    bytes((out) => out.int(1, 150)),
    [0x08, 0x96, 0x01],
  )
  assert.deepStrictEqual(
    bytes((out) => out.int(1, 0)),
    [0x08, 0x00],
  )
})

it("writes a negative integer as ten bytes", () => {
  assert.deepStrictEqual(
    bytes((out) => out.int(1, -1)),
    [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  )
})

it("writes a float, little end first", () => {
  assert.deepStrictEqual(
    bytes((out) => out.float(2, 1)),
    [0x15, 0, 0, 0x80, 0x3f],
  )
})

it("writes text as UTF-8 with its length", () => {
  assert.deepStrictEqual(
    bytes((out) => out.string(2, "testing")),
    [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67],
  )
})

it("writes a message within a message, and a field number above 15 as two bytes", () => {
  assert.deepStrictEqual(
    bytes((out) => out.message(20, (nested) => nested.int(1, 150))),
    [0xa2, 0x01, 0x03, 0x08, 0x96, 0x01],
  )
})

it("grows for content of any length", () => {
  const content = new Uint8Array(5000).fill(7)
  assert.strictEqual(bytes((out) => out.bytes(1, content).bytes(1, content)).length, 2 * 5003)
})
