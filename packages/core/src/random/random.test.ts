import { readFileSync } from "node:fs"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Random, type RandomState } from "./random.ts"
import { decodeSafetensors } from "../weights/safetensors.ts"

const golden = decodeSafetensors(
  readFileSync(new URL("../../test/golden/random/io.safetensors", import.meta.url)),
).tensors

const reference = (name: string): readonly number[] => Array.from(golden.get(`out.${name}`)!.data, Number)

const expectClose = (found: ArrayLike<number>, name: string): void => {
  const expected = reference(name)
  expect(found.length).toBe(expected.length)
  expect(Math.max(...expected.map((value, i) => Math.abs(value - found[i]!)))).toBeLessThan(1e-6)
}

const checksum = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, value) => sum + value, 0)

describe("Random.torch", () => {
  it.each([0, 42, 2 ** 32 - 5, 2 ** 40 + 11])("draws what torch.Generator draws with the seed %i", (seed) => {
    const random = Random.torch(seed)
    for (const count of [1, 5, 15, 16, 17, 31, 100, 4096]) {
      expectClose(random.normal(count), `randn.${seed}.${count}`)
    }
    expect([...random.uniform(9)]).toEqual(reference(`rand.${seed}.9`))
    expectClose(random.normalFloat64(20), `randn64.${seed}.20`)
    expect(random.integers(0, 1000, 9)).toEqual(reference(`randint.${seed}`))
  })

  // torch 2.13: g = torch.Generator().manual_seed(7); torch.randn(3), randn(16), randn(1), randn(17), randn(2) with generator=g
  it("keeps the unused normal of a pair across draws of 16 or more", () => {
    const random = Random.torch(7)
    const draws = [3, 16, 1, 17, 2].map((count) => random.normal(count))
    const expected = [
      [-0.14679509, 1.5861678],
      [-0.17643793, 2.4275051],
      [-1.114344, -1.114344],
      [-0.8489086, 4.6948064],
      [1.71422458, 1.6313356],
    ] as const
    for (const [i, [first, sum]] of expected.entries()) {
      expect(draws[i]![0]).toBeCloseTo(first, 6)
      expect(checksum(draws[i]!)).toBeCloseTo(sum, 5)
    }
  })

  // torch 2.13: g = torch.Generator().manual_seed(3); torch.randint(low, high, (3,), generator=g) in this order
  it("takes 64 bits for integers from a range of 2^28 on", () => {
    const random = Random.torch(3)
    expect(random.integers(-5, 2 ** 28 - 6, 3)).toEqual([218175341, 35325588, 88681727])
    expect(random.integers(-5, 2 ** 28 - 5, 3)).toEqual([175684531, 46504187, 77081592])
    expect(random.integers(-(2 ** 50), 2 ** 50, 3)).toEqual([-199475906513206, 188476589235193, 781379995295370])
  })

  it("reads a seed as torch does: negative ones wrap, and only the low 32 bits count", () => {
    const draw = (seed: number | bigint): readonly number[] => [...Random.torch(seed).uniform(4)]
    expect(draw(-1)).toEqual(draw(2n ** 64n - 1n))
    expect(draw(2 ** 40 + 11)).toEqual(draw(11))
    expect(draw(1)).not.toEqual(draw(2))
  })

  it.each([1.5, NaN, 2 ** 53, 2n ** 64n, -(2n ** 63n) - 1n])("refuses the seed %s", (seed) => {
    expect(() => Random.torch(seed)).toThrow(RangeError)
    expect(() => Random.torch(seed)).toThrow(String(seed))
  })

  it.each([-1, 0.5, NaN])("refuses to draw %s values", (count) => {
    const random = Random.torch(0)
    const draws = [
      () => random.uniform(count),
      () => random.normal(count),
      () => random.normalFloat64(count),
      () => random.integers(0, 2, count),
    ]
    for (const draw of draws) expect(draw).toThrow(`whole number of at least 0; found ${count}`)
  })

  it("refuses an empty range of integers", () => {
    expect(() => Random.torch(0).integers(3, 3, 1)).toThrow("low < high; found low 3 and high 3")
  })
})

describe("save and restore", () => {
  const draw = (random: Random, [kind, count]: readonly [number, number]): readonly number[] =>
    kind === 0
      ? [...random.normal(count)]
      : kind === 1
        ? [...random.normalFloat64(count)]
        : kind === 2
          ? [...random.uniform(count)]
          : random.integers(-3, 2 ** 40, count)

  it("continues bit for bit after a trip through JSON, whatever is drawn before and after", () => {
    const draws = fc.array(fc.tuple(fc.nat(3), fc.nat(40)), { maxLength: 6 })
    fc.assert(
      fc.property(fc.integer(), draws, draws, (seed, before, after) => {
        const random = Random.torch(seed)
        for (const one of before) draw(random, one)
        const restored = Random.restore(JSON.parse(JSON.stringify(random.save())) as RandomState)
        for (const one of after) expect(draw(restored, one)).toEqual(draw(random, one))
      }),
    )
  })

  it("saves a copy that later draws leave alone", () => {
    const random = Random.torch(5)
    const state = random.save()
    const first = random.normal(700)
    expect(Random.restore(state).normal(700)).toEqual(first)
  })

  const state = Random.torch(0).save()
  it.each<[string, object]>([
    ["another kind", { kind: "philox" }],
    ["too few words", { words: state.words.slice(1) }],
    ["a word beyond 32 bits", { words: [2 ** 32, ...state.words.slice(1)] }],
    ["no words", { words: undefined }],
    ["an index beyond the words", { next: 625 }],
    ["a fractional index", { next: 1.5 }],
    ["an infinite normal", { nextNormal: Infinity }],
  ])("refuses a state with %s", (_, change) => {
    expect(() => Random.restore({ ...state, ...change } as RandomState)).toThrow(RangeError)
  })
})
