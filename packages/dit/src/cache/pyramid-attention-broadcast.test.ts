import { assert, describe, it } from "@effect/vitest"
import { pyramidAttentionBroadcast, type PyramidAttentionBroadcastOptions } from "./pyramid-attention-broadcast.ts"

/** Which calls of ten, at the timesteps 950, 850, … 50, reuse attention. */
const reused = (options: PyramidAttentionBroadcastOptions): string =>
  Array.from({ length: 10 }, (_, index) => {
    const input = { block: 3, blocks: 6, index, timestep: 950 - 100 * index, last: index === 9 }
    return pyramidAttentionBroadcast(options).reuses(input) ? "r" : "."
  }).join("")

describe("pyramid attention broadcast", () => {
  it("computes attention at every so many calls, counted from the first", () => {
    assert.strictEqual(reused({ every: 2, timesteps: [0, 1000] }), ".r.r.r.r.r")
    assert.strictEqual(reused({ every: 3, timesteps: [0, 1000] }), ".rr.rr.rr.")
    assert.strictEqual(reused({ every: 1, timesteps: [0, 1000] }), "..........")
  })

  it("reuses between its timesteps only, which do not belong to it", () => {
    assert.strictEqual(reused({ every: 2 }), "...r.r.r..")
    assert.strictEqual(reused({ every: 3 }), "..r.rr.rr.")
    assert.strictEqual(reused({ every: 2, timesteps: [650, 850] }), "..........")
    assert.strictEqual(reused({ every: 2, timesteps: [649, 851] }), ".r.r......")
  })

  it("has its settings in its name", () => {
    assert.strictEqual(pyramidAttentionBroadcast({ every: 2 }).name, "pyramid 2")
    assert.strictEqual(pyramidAttentionBroadcast({ every: 2, timesteps: [0, 850] }).name, "pyramid 2 0-850")
  })
})
