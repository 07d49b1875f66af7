import { Tensor } from "@auteur/core"
import { assert, describe, it } from "@effect/vitest"
import { firstBlockCache } from "./first-block-cache.ts"
import { relativeChange, type Signal } from "./cache.ts"

/** A signal of two tokens of two channels for each run. */
const signalOf = (...runs: ReadonlyArray<readonly [number, number, number, number]>): Signal =>
  runs.map((values) => Tensor.from("batch tokens channels", [1, 2, 2], Float32Array.from(values)))

const decide = (signal: Signal, previous: Signal, threshold: number) =>
  firstBlockCache({ threshold }).reuse({ signal, previous, distance: 0, index: 1, timestep: 500, last: false })

describe("relativeChange", () => {
  it("is the mean change over the mean size before, of all texts together", () => {
    assert.strictEqual(relativeChange(signalOf([1, 1, 1, 1]), signalOf([2, -2, 2, -2])), 8 / 8)
    // The first text changes by half of its size 4, the second does not change and is three times as large.
    const before = [
      [1, 1, 1, 1],
      [3, -3, 3, -3],
    ] as const
    assert.strictEqual(relativeChange(signalOf([1.5, 0.5, 1.5, 0.5], before[1]), signalOf(...before)), 2 / 16)
  })

  it("is 0 where nothing has changed, even from nothing, and infinite where something came of nothing", () => {
    assert.strictEqual(relativeChange(signalOf([0, 0, 0, 0]), signalOf([0, 0, 0, 0])), 0)
    assert.strictEqual(relativeChange(signalOf([1, 0, 0, 0]), signalOf([0, 0, 0, 0])), Infinity)
  })
})

describe("first-block cache", () => {
  it("reuses up to the threshold and not beyond", () => {
    const [signal, previous] = [signalOf([1.25, 1, 1, 1]), signalOf([1, 1, 1, 1])]
    assert.isTrue(decide(signal, previous, 0.0625).reuse)
    assert.isFalse(decide(signal, previous, 0.0624).reuse)
  })

  it("compares with the last call that was computed, so that small changes add up", () => {
    assert.strictEqual(firstBlockCache({ threshold: 0.1 }).comparedWith, "last computed")
  })

  it("decides on all texts together", () => {
    const previous = signalOf([1, 1, 1, 1], [1, 1, 1, 1])
    assert.isTrue(decide(signalOf([1.5, 1.5, 1.5, 1.5], [1, 1, 1, 1]), previous, 0.3).reuse)
    assert.isFalse(decide(signalOf([1.5, 1.5, 1.5, 1.5], [2, 1, 1, 1]), previous, 0.3).reuse)
  })

  it("computes where something came of nothing", () => {
    assert.isFalse(decide(signalOf([1, 0, 0, 0]), signalOf([0, 0, 0, 0]), 1000).reuse)
  })
})
