import { expect, it } from "vitest"
import { signalColours } from "./colour-signal.ts"

const bitsOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("")

it("appends colours and chroma site, and keeps every bit before them but the profile's", () => {
  // 256×256, Baseline, level 1.1, as the encoder writes it.
  const plain = Uint8Array.of(0x67, 0x42, 0x00, 0x0b, 0xa6, 0x81, 0x00, 0x86, 0x40)
  const bits = bitsOf(plain)
  const kept = bits.slice(32, bits.lastIndexOf("1") - 1)
  const constrained = bitsOf(Uint8Array.of(0x67, 0x42, 0xc0, 0x0b))
  const [unspecified, limited, primaries, transfer, matrix] = ["101", "0", "00000001", "00001101", "00000110"]
  const signal = `1001${unspecified}${limited}1${primaries}${transfer}${matrix}1010010000000`
  const expected = `${constrained}${kept}${signal}1`
  const found = bitsOf(signalColours(plain))
  expect(found.slice(0, expected.length)).toBe(expected)
  expect(found.slice(expected.length)).toMatch(/^0{0,7}$/)
})

it("keeps start codes out of the bytes", () => {
  const plain = Uint8Array.of(0x67, 0x42, 0x00, 0x0b, 0x00, 0x00, 0x03, 0x01, 0x40)
  const found = signalColours(plain)
  expect([...found.subarray(4, 8)]).toEqual([0, 0, 3, 1])
})
