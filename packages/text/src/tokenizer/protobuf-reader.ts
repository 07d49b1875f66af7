import { TokenizerError } from "./tokenizer-error.ts"

const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

/** Reads the Protocol Buffers wire format, field by field; every error names the file and the byte. */
export class ProtobufReader {
  readonly #bytes: Uint8Array
  readonly #name: string
  readonly #start: number
  #at = 0
  #field = 0
  #wire = 0

  constructor(bytes: Uint8Array, name: string, start = 0) {
    this.#bytes = bytes
    this.#name = name
    this.#start = start
  }

  #fail(what: string): TokenizerError {
    return new TokenizerError({
      message: `${this.#name} is damaged: ${what} at byte ${this.#start + this.#at}; download the file again.`,
    })
  }

  /** The low 32 bits of a varint; `wide` says whether a bit above them was set. */
  #varint(): { low: number; wide: boolean } {
    let low = 0
    let wide = false
    for (let index = 0; index < 10; index++) {
      const byte = this.#bytes[this.#at]
      if (byte === undefined) throw this.#fail("it ends inside a number")
      this.#at++
      const bits = byte & 0x7f
      if (index < 5) low |= bits << (7 * index)
      if (index > 4 ? bits !== 0 : index === 4 && bits > 0xf) wide = true
      if (byte < 0x80) return { low, wide }
    }
    throw this.#fail("a number is longer than ten bytes")
  }

  #take(count: number): number {
    if (count > this.#bytes.length - this.#at) throw this.#fail(`it ends inside a field of ${count} bytes`)
    const from = this.#at
    this.#at += count
    return from
  }

  #expect(wire: number): void {
    if (this.#wire !== wire)
      throw this.#fail(`field ${this.#field} has wire type ${this.#wire}, and ${wire} was expected,`)
  }

  /** Moves to the next field and gives its number, or undefined at the end. */
  next(): number | undefined {
    if (this.#at === this.#bytes.length) return undefined
    const { low, wide } = this.#varint()
    this.#field = low >>> 3
    this.#wire = low & 7
    if (wide || this.#field === 0) throw this.#fail("a field has an impossible number")
    return this.#field
  }

  int32(): number {
    this.#expect(WIRE.varint)
    return this.#varint().low
  }

  bool(): boolean {
    this.#expect(WIRE.varint)
    const { low, wide } = this.#varint()
    return low !== 0 || wide
  }

  float(): number {
    this.#expect(WIRE.fixed32)
    const from = this.#take(4)
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + from, 4).getFloat32(0, true)
  }

  bytes(): Uint8Array {
    this.#expect(WIRE.bytes)
    const { low, wide } = this.#varint()
    if (wide || low < 0) throw this.#fail("a field has an impossible length")
    const from = this.#take(low)
    return this.#bytes.subarray(from, from + low)
  }

  message(): ProtobufReader {
    const bytes = this.bytes()
    return new ProtobufReader(bytes, this.#name, this.#start + this.#at - bytes.length)
  }

  skip(): void {
    if (this.#wire === WIRE.varint) this.#varint()
    else if (this.#wire === WIRE.fixed64) this.#take(8)
    else if (this.#wire === WIRE.fixed32) this.#take(4)
    else if (this.#wire === WIRE.bytes) this.bytes()
    else throw this.#fail(`field ${this.#field} has the unknown wire type ${this.#wire}`)
  }
}
