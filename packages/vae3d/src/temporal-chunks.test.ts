import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { nearestFrames } from "./spatial-norm.ts"
import { temporalChunks } from "./temporal-chunks.ts"

const bounds = (frames: number, size: number) => temporalChunks(frames, size).map(({ start, end }) => [start, end])

describe("temporalChunks", () => {
  it("puts what is left over into the first chunk", () => {
    assert.deepStrictEqual(bounds(49, 8).slice(0, 3), [
      [0, 9],
      [9, 17],
      [17, 25],
    ])
    assert.deepStrictEqual(bounds(15, 8), [[0, 15]])
    assert.deepStrictEqual(bounds(5, 2), [
      [0, 3],
      [3, 5],
    ])
    assert.deepStrictEqual(bounds(1, 2), [[0, 1]])
  })

  it("covers all frames once and in order, each chunk but the first of the given size", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 16 }), (frames, size) => {
        const chunks = temporalChunks(frames, size)
        let at = 0
        for (const { start, end, index, first } of chunks) {
          assert.strictEqual(start, at)
          assert.strictEqual(first, index === 0)
          if (!first) assert.strictEqual(end - start, size)
          at = end
        }
        assert.strictEqual(at, frames)
        assert.isTrue(chunks.slice(0, -1).every((chunk) => chunk.handsOn))
      }),
    )
  })
})

describe("nearestFrames", () => {
  it("lets the first of an odd number of frames stand for itself", () => {
    assert.deepStrictEqual(nearestFrames(3, 9), [0, 1, 1, 1, 1, 2, 2, 2, 2])
    assert.deepStrictEqual(nearestFrames(2, 8), [0, 0, 0, 0, 1, 1, 1, 1])
    assert.deepStrictEqual(nearestFrames(1, 1), [0])
  })
})
