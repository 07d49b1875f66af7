import { assert, describe, it } from "vitest"
import { Arena } from "./arena.ts"

const megabyte = 2 ** 20

describe("an arena", () => {
  it("touches what is taken at once, in chunks of 256 bytes", () => {
    const arena = new Arena()
    for (const bytes of [1, 256, 257]) arena.allocate(bytes)
    assert.strictEqual(arena.touchedBytes, 256 + 256 + 512)
  })

  it("touches nothing new where what was freed is large enough", () => {
    const arena = new Arena()
    const chunks = [1000, 2000, 3000].map((bytes) => arena.allocate(bytes))
    const touched = arena.touchedBytes
    for (const chunk of chunks.toReversed()) arena.free(chunk)
    arena.allocate(6000) // the three lie beside each other
    assert.strictEqual(arena.touchedBytes, touched)
  })

  it("takes the smallest free chunk that is large enough", () => {
    const arena = new Arena()
    const [large, , small] = [4096, 256, 2048, 256].map((bytes) => arena.allocate(bytes))
    arena.free(large!)
    arena.free(small!)
    assert.strictEqual(arena.allocate(2000), small)
  })

  it("grows by regions of twice the size, across which free chunks do not join", () => {
    const arena = new Arena()
    const first = arena.allocate(megabyte)
    const second = arena.allocate(2 * megabyte)
    arena.free(first)
    arena.free(second)
    const third = arena.allocate(3 * megabyte)
    assert.deepStrictEqual([first.region, second.region, third.region], [0, 1, 2])
    assert.strictEqual(arena.touchedBytes, 6 * megabyte)
  })
})
