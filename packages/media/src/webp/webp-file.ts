import { concatBytes, latin1 } from "../mp4/box.ts"

/** One chunk of a RIFF file: a name of four letters and its content. */
export interface Chunk {
  readonly name: string
  readonly content: Uint8Array
}

/** Little-endian number of so many bytes. */
export const little = (value: number, bytes: number): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, i) => Math.floor(value / 2 ** (8 * i)))

/** Writes a chunk: name, length, content, and a byte of padding after an odd length. */
export const toChunk = (name: string, ...content: ReadonlyArray<Uint8Array>): Uint8Array => {
  const length = content.reduce((sum, part) => sum + part.length, 0)
  return concatBytes([latin1(name), little(length, 4), ...content, new Uint8Array(length % 2)])
}

/** The chunks that stand one after another; one that is cut off ends them. */
export const readChunks = (bytes: Uint8Array): { readonly chunks: ReadonlyArray<Chunk>; readonly whole: boolean } => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const chunks: Array<Chunk> = []
  let at = 0
  while (at + 8 <= bytes.length) {
    const length = view.getUint32(at + 4, true)
    if (at + 8 + length > bytes.length) return { chunks, whole: false }
    const name = String.fromCharCode(...bytes.subarray(at, at + 4))
    chunks.push({ name, content: bytes.subarray(at + 8, at + 8 + length) })
    at += 8 + length + (length % 2)
  }
  return { chunks, whole: true }
}

/** Puts chunks into a WebP file. Source: RFC 9649 §2.4. */
export const toWebp = (...chunks: ReadonlyArray<Uint8Array>): Uint8Array => toChunk("RIFF", latin1("WEBP"), ...chunks)

/** Flags of the extended header (RFC 9649 §2.7.1). */
export const FLAGS = { animation: 0x02, xmp: 0x04, alpha: 0x10 } as const

/** The extended header: what the file holds, and the size of its canvas. */
export const header = (flags: number, width: number, height: number): Uint8Array =>
  toChunk("VP8X", little(flags, 4), little(width - 1, 3), little(height - 1, 3))
