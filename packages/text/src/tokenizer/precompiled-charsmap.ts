import { ModelError } from "@auteur/core"

const label = (unit: number): number => unit & 0x8000_00ff
const offset = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6)
const hasLeaf = (unit: number): boolean => (unit & 0x100) !== 0

/**
 * The normalization table of a SentencePiece model: a Darts double-array trie from UTF-8 prefixes to replacements.
 * Layout: the trie's size in bytes (uint32), its units (uint32 each), then the replacements, each with a zero byte at its end.
 */
export class PrecompiledCharsmap {
  readonly #units: Uint32Array
  readonly #replacements: Uint8Array
  /** The length in bytes of the prefix that was found last. */
  matchLength = 0

  constructor(blob: Uint8Array, name: string) {
    const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength)
    const trieBytes = blob.length > 4 ? view.getUint32(0, true) : 0
    if (trieBytes === 0 || trieBytes % 4 !== 0 || 4 + trieBytes >= blob.length)
      throw new ModelError({
        message: `${name}: the normalization table is damaged (${blob.length} bytes, of which ${trieBytes} should be its trie): download the file again.`,
      })
    this.#units = new Uint32Array(trieBytes / 4)
    for (let index = 0; index < this.#units.length; index++) this.#units[index] = view.getUint32(4 + 4 * index, true)
    this.#replacements = blob.subarray(4 + trieBytes)
  }

  /** The replacement of the longest prefix of `bytes[from…to]` in the table (`shortest`: of the shortest), if there is one. */
  find(bytes: Uint8Array, from: number, to: number, shortest = false): Uint8Array | undefined {
    const units = this.#units
    let found = -1
    let node = offset(units[0] ?? 0)
    for (let at = from; at < to; at++) {
      const byte = bytes[at] ?? 0
      node ^= byte
      const unit = units[node]
      if (unit === undefined || label(unit) !== byte) break
      node ^= offset(unit)
      if (!hasLeaf(unit)) continue
      found = (units[node] ?? 0) & 0x7fff_ffff
      this.matchLength = at + 1 - from
      if (shortest) break
    }
    if (found < 0) return undefined
    const end = this.#replacements.indexOf(0, found)
    return this.#replacements.subarray(found, end < 0 ? undefined : end)
  }
}
