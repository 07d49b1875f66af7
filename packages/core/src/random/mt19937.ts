const size = 624
const middle = 397

/**
 * The Mersenne Twister with a period of 2^19937 − 1, seeded as `torch.Generator` does on the CPU.
 *
 * Source: Matsumoto and Nishimura 1998, with the 2002 initialisation.
 */
export class Mt19937 {
  readonly #words: Uint32Array
  #next: number

  private constructor(words: Uint32Array, next: number) {
    this.#words = words
    this.#next = next
  }

  /** Seeds with the low 32 bits of `seed`; torch uses no more of its 64. */
  static seeded(seed: number): Mt19937 {
    const words = new Uint32Array(size)
    words[0] = seed
    for (let i = 1; i < size; i++) {
      const previous = words[i - 1]!
      words[i] = Math.imul(1_812_433_253, previous ^ (previous >>> 30)) + i
    }
    return new Mt19937(words, size)
  }

  /** Continues from what `words` and `next` gave: 624 words and the index of the next one to use, at most 624. */
  static from(words: ArrayLike<number>, next: number): Mt19937 {
    return new Mt19937(Uint32Array.from(words), next)
  }

  /** A copy of the 624 words of the state. */
  get words(): readonly number[] {
    return [...this.#words]
  }

  /** The index of the next word to use; 624 when the whole state is used up. */
  get next(): number {
    return this.#next
  }

  /** The next 32 random bits as a whole number. */
  bits32(): number {
    if (this.#next === size) this.#twist()
    let word = this.#words[this.#next++]!
    word ^= word >>> 11
    word ^= (word << 7) & 0x9d2c_5680
    word ^= (word << 15) & 0xefc6_0000
    return (word ^ (word >>> 18)) >>> 0
  }

  #twist(): void {
    const words = this.#words
    for (let i = 0; i < size; i++) {
      const mixed = (words[i]! & 0x8000_0000) | (words[(i + 1) % size]! & 0x7fff_ffff)
      words[i] = words[(i + middle) % size]! ^ (mixed >>> 1) ^ (mixed & 1 ? 0x9908_b0df : 0)
    }
    this.#next = 0
  }
}
