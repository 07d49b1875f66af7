import { TokenizerError } from "./tokenizer-error.ts"

const MAX_NODES = 2 ** 24 - 1

/** A trie over UTF-8 bytes whose edges live in one open-addressing hash table, so that 250 000 pieces stay small. */
export class PieceTrie {
  /** Per slot: parent node · 256 + byte + 1; zero is an empty slot. */
  #edges: Uint32Array = new Uint32Array(1024)
  #targets: Uint32Array = new Uint32Array(1024)
  #values: Int32Array = new Int32Array(1024).fill(-1)
  #nodeCount = 1

  /** Sets the value (≥ 0) of a key; a later value replaces an earlier one. */
  insert(key: Uint8Array, value: number): void {
    let node = 0
    for (const byte of key) {
      const next = this.step(node, byte)
      node = next < 0 ? this.#grow(node, byte) : next
    }
    this.#values[node] = value
  }

  /** The node under `node` along `byte`, or -1; the root is 0. */
  step(node: number, byte: number): number {
    const slot = this.#slot(node * 256 + byte + 1)
    return this.#edges[slot] === 0 ? -1 : (this.#targets[slot] ?? -1)
  }

  /** The value of the key that ends at `node`, or -1. */
  value(node: number): number {
    return this.#values[node] ?? -1
  }

  /** The value of exactly this key, or -1. */
  get(key: Uint8Array): number {
    let node = 0
    for (const byte of key) {
      node = this.step(node, byte)
      if (node < 0) return -1
    }
    return this.value(node)
  }

  /** How many bytes of `bytes` at `from` the longest key there has; 0 when there is none. */
  longestMatch(bytes: Uint8Array, from: number): number {
    let node = 0
    let length = 0
    for (let at = from; at < bytes.length; at++) {
      node = this.step(node, bytes[at] ?? 0)
      if (node < 0) break
      if (this.value(node) >= 0) length = at + 1 - from
    }
    return length
  }

  #slot(edge: number): number {
    const mask = this.#edges.length - 1
    let slot = Math.imul(edge, 0x9e37_79b1) >>> Math.clz32(mask)
    for (;;) {
      const present = this.#edges[slot]
      if (present === edge || present === 0) return slot
      slot = (slot + 1) & mask
    }
  }

  #grow(node: number, byte: number): number {
    if (this.#nodeCount === MAX_NODES)
      throw new TokenizerError({
        message: `The vocabulary needs more than ${MAX_NODES} trie nodes, which is too many.`,
      })
    if (this.#nodeCount * 2 > this.#edges.length) this.#rehash()
    const target = this.#nodeCount++
    const edge = node * 256 + byte + 1
    const slot = this.#slot(edge)
    this.#edges[slot] = edge
    this.#targets[slot] = target
    return target
  }

  #rehash(): void {
    const [edges, targets, values] = [this.#edges, this.#targets, this.#values]
    const size = edges.length * 2
    this.#edges = new Uint32Array(size)
    this.#targets = new Uint32Array(size)
    this.#values = new Int32Array(size).fill(-1)
    this.#values.set(values)
    for (let index = 0; index < edges.length; index++) {
      const edge = edges[index] ?? 0
      if (edge === 0) continue
      const slot = this.#slot(edge)
      this.#edges[slot] = edge
      this.#targets[slot] = targets[index] ?? 0
    }
  }
}
