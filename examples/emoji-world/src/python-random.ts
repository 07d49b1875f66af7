const size = 624
const middle = 397

/**
 * Python's `random.Random` of an integer seed: the same numbers, so that a clip's seed means the same there and here.
 *
 * Source: CPython, `Modules/_randommodule.c` (the Mersenne Twister with `init_by_array`) and `Lib/random.py`.
 */
export class PythonRandom {
  readonly #words = new Uint32Array(size)
  #next = size

  /** @param seed A whole number from 0 to 2^53 − 1. */
  constructor(seed: number) {
    const high = Math.floor(seed / 2 ** 32)
    this.#seedByArray(high === 0 ? [seed] : [seed >>> 0, high])
  }

  /** A number in [0, 1) with 53 random bits. */
  random(): number {
    const a = this.#bits32() >>> 5
    const b = this.#bits32() >>> 6
    return (a * 2 ** 26 + b) / 2 ** 53
  }

  /** A number from `low` to `high`. */
  uniform(low: number, high: number): number {
    return low + (high - low) * this.random()
  }

  /** A whole number in [0, `end`), where `end` is at most 2^31. */
  below(end: number): number {
    const bits = end === 0 ? 0 : Math.floor(Math.log2(end)) + 1
    for (;;) {
      const drawn = this.#bits32() >>> (32 - bits)
      if (drawn < end) return drawn
    }
  }

  /** One of the items. */
  choice<Item>(items: ReadonlyArray<Item>): Item {
    return items[this.below(items.length)]!
  }

  #seedByArray(key: ReadonlyArray<number>): void {
    const words = this.#words
    words[0] = 19_650_218
    for (let i = 1; i < size; i++) words[i] = Math.imul(1_812_433_253, mixed(words[i - 1]!)) + i
    let [i, j] = [1, 0]
    const advance = () => {
      i++
      if (i >= size) {
        words[0] = words[size - 1]!
        i = 1
      }
    }
    for (let k = Math.max(size, key.length); k > 0; k--) {
      words[i] = (words[i]! ^ Math.imul(mixed(words[i - 1]!), 1_664_525)) + key[j]! + j
      advance()
      j = (j + 1) % key.length
    }
    for (let k = size - 1; k > 0; k--) {
      words[i] = (words[i]! ^ Math.imul(mixed(words[i - 1]!), 1_566_083_941)) - i
      advance()
    }
    words[0] = 0x8000_0000
  }

  #bits32(): number {
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
      const bits = (words[i]! & 0x8000_0000) | (words[(i + 1) % size]! & 0x7fff_ffff)
      words[i] = words[(i + middle) % size]! ^ (bits >>> 1) ^ (bits & 1 ? 0x9908_b0df : 0)
    }
    this.#next = 0
  }
}

const mixed = (word: number): number => word ^ (word >>> 30)
