import { type Latents, Tensor } from "../tensor/tensor.ts"
import { cos, log, sin } from "./elementary-functions.ts"
import { Mt19937 } from "./mt19937.ts"

/** Everything a `Random` needs to continue, as plain values that survive JSON unchanged. */
export interface RandomState {
  readonly kind: "mt19937"
  /** The 624 words of the Mersenne Twister. */
  readonly words: readonly number[]
  /** The index of the next word, 0 … 624. */
  readonly next: number
  /** The second normal of the last Box–Muller pair, when it has not been used yet. */
  readonly nextNormal: number | null
}

const toSeed = (seed: number | bigint): number => {
  if (typeof seed === "number" && !Number.isSafeInteger(seed)) {
    throw new RangeError(`A seed must be a whole number below 2^53 in size, or a bigint; found ${seed}.`)
  }
  const wide = BigInt(seed)
  if (wide < -(2n ** 63n) || wide >= 2n ** 64n) {
    throw new RangeError(`A seed must be at least -2^63 and below 2^64; found ${wide}.`)
  }
  return Number(BigInt.asUintN(32, wide))
}

const checkCount = (count: number): void => {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new RangeError(`The number of values to draw must be a whole number of at least 0; found ${count}.`)
  }
}

// torch's AVX2 path, which made the reference values, rounds 2π before the product; its portable path after it, so that
// torch itself differs by up to 2e-6 between machines.
const twoPi = Math.fround(2 * Math.PI)

/** Turns 16 uniforms of float32 at `start` into 16 normals: the first 8 are radii, the last 8 angles. */
const boxMuller16 = (data: Float32Array, start: number): void => {
  for (let i = start; i < start + 8; i++) {
    const logarithm = Math.fround(log(1 - data[i]!))
    const radius = Math.fround(Math.sqrt(Math.fround(-2 * logarithm)))
    const angle = Math.fround(twoPi * data[i + 8]!)
    data[i] = radius * Math.fround(cos(angle))
    data[i + 8] = radius * Math.fround(sin(angle))
  }
}

const boxMuller16Float64 = (data: Float64Array, start: number): void => {
  for (let i = start; i < start + 8; i++) {
    const radius = Math.sqrt(-2 * log(1 - data[i]!))
    const angle = 2 * Math.PI * data[i + 8]!
    data[i] = radius * cos(angle)
    data[i + 8] = radius * sin(angle)
  }
}

/**
 * Random numbers as `torch.Generator` draws them on the CPU: integers and uniforms bit for bit, normals within 1e-6.
 *
 * Each instance has its own state, which every draw advances and `save` copies.
 *
 * @example
 * const random = Random.torch(42)
 * const noise = Tensor.from("channels width", [4, 8], random.normal(32)) // torch.randn(4, 8, generator=g)
 */
export class Random {
  readonly #bits: Mt19937
  #nextNormal: number | null

  private constructor(bits: Mt19937, nextNormal: number | null) {
    this.#bits = bits
    this.#nextNormal = nextNormal
  }

  /** `torch.Generator().manual_seed(seed)`; a `RangeError` outside −2^63 … 2^64 − 1. Seeds equal in their low 32 bits draw the same, as in torch. */
  static torch(seed: number | bigint): Random {
    return new Random(Mt19937.seeded(toSeed(seed)), null)
  }

  /** Continues from a saved state; a `RangeError` when it is not one. */
  static restore(state: RandomState): Random {
    const { kind, words, next, nextNormal } = state
    const isWord = (word: unknown): boolean => typeof word === "number" && word >>> 0 === word
    if (kind !== "mt19937" || !Array.isArray(words) || words.length !== 624 || !words.every(isWord)) {
      throw new RangeError(`A random state must be of the kind "mt19937" with 624 words of 32 bits.`)
    }
    if (!Number.isInteger(next) || next < 0 || next > 624) {
      throw new RangeError(`The index of a random state must be a whole number from 0 to 624; found ${next}.`)
    }
    if (nextNormal !== null && !Number.isFinite(nextNormal)) {
      throw new RangeError(`The next normal of a random state must be a number or null; found ${nextNormal}.`)
    }
    return new Random(Mt19937.from(words, next), nextNormal)
  }

  /** The state as plain values, independent of later draws. */
  save(): RandomState {
    return { kind: "mt19937", words: this.#bits.words, next: this.#bits.next, nextNormal: this.#nextNormal }
  }

  /** `torch.rand(count)`: float32 values of 24 bits in [0, 1). */
  uniform(count: number): Float32Array {
    checkCount(count)
    const data = new Float32Array(count)
    for (let i = 0; i < count; i++) data[i] = this.#uniform24()
    return data
  }

  /** `torch.randn(count)`: standard normals in float32; fewer than 16 values take torch's serial path, 16 or more its block path. */
  normal(count: number): Float32Array {
    if (count < 16) return Float32Array.from(this.#serialNormals(count))
    const data = this.uniform(count)
    for (let start = 0; start + 16 <= count; start += 16) boxMuller16(data, start)
    if (count % 16 !== 0) {
      // The last block is drawn anew and overlaps the one before it.
      data.set(this.uniform(16), count - 16)
      boxMuller16(data, count - 16)
    }
    return data
  }

  /** `torch.randn(count, dtype=torch.float64)`. */
  normalFloat64(count: number): Float64Array {
    if (count < 16) return Float64Array.from(this.#serialNormals(count))
    checkCount(count)
    const data = Float64Array.from({ length: count }, () => this.#uniform53())
    for (let start = 0; start + 16 <= count; start += 16) boxMuller16Float64(data, start)
    if (count % 16 !== 0) {
      for (let i = count - 16; i < count; i++) data[i] = this.#uniform53()
      boxMuller16Float64(data, count - 16)
    }
    return data
  }

  /** `torch.randint(low, high, (count,))`: whole numbers from `low` up to but not including `high`. */
  integers(low: number, high: number, count: number): number[] {
    checkCount(count)
    if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || low >= high) {
      throw new RangeError(`Random integers need whole numbers with low < high; found low ${low} and high ${high}.`)
    }
    const range = BigInt(high) - BigInt(low)
    // From 2^28 on torch takes 64 bits, so that the remainder stays close to uniform.
    const draw =
      range >= 2n ** 28n
        ? (): number => Number((this.#bits64() % range) + BigInt(low))
        : (): number => (this.#bits.bits32() % Number(range)) + low
    return Array.from({ length: count }, draw)
  }

  #uniform24(): number {
    return (this.#bits.bits32() & 0xff_ffff) / 2 ** 24
  }

  #uniform53(): number {
    const high = this.#bits.bits32() & 0x1f_ffff
    return (high * 2 ** 32 + this.#bits.bits32()) / 2 ** 53
  }

  #bits64(): bigint {
    const high = BigInt(this.#bits.bits32())
    return (high << 32n) | BigInt(this.#bits.bits32())
  }

  #serialNormals(count: number): number[] {
    checkCount(count)
    return Array.from({ length: count }, () => this.#serialNormal())
  }

  /** One normal in double precision; every second call uses what the call before it put by. */
  #serialNormal(): number {
    if (this.#nextNormal !== null) {
      const value = this.#nextNormal
      this.#nextNormal = null
      return value
    }
    const angle = 2 * Math.PI * this.#uniform53()
    const radius = Math.sqrt(-2 * log(1 - this.#uniform53()))
    this.#nextNormal = radius * sin(angle)
    return radius * cos(angle)
  }
}

/** Normal noise of the shape of `latents`: one `torch.randn` of that shape. */
export const normalLike = (latents: Latents, random: Random): Latents =>
  Tensor.from(latents.layout, latents.shape, random.normal(latents.size))
