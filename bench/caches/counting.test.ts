import { firstBlockCache, pyramidAttentionBroadcast, teaCache } from "@auteur/dit"
import { expect, it } from "vitest"
import { attentionShare, counting, leftOutShare, psnr } from "./counting.ts"

it("counts what a cache decides", () => {
  const counter = { calls: 0, reused: 0 }
  const cache = counting(pyramidAttentionBroadcast({ every: 2 }), counter)
  if (cache.kind !== "attention") throw new Error("another kind")
  const decisions = [1, 2, 3].map((index) => cache.reuses({ block: 0, blocks: 1, index, timestep: 500, last: false }))
  expect(decisions).toEqual([true, false, true])
  expect(counter).toEqual({ calls: 3, reused: 2 })
})

it("knows which share of the blocks' operations is left out", () => {
  // One token: 8 W² + 4 W of 24 W² + 4 W, for a width of 1.
  expect(attentionShare({ tokens: 1, width: 1 })).toBe(12 / 28)
  const shape = { tokens: 1, width: 1, blocks: 4 }
  const half = { calls: 9, reused: 5 }
  expect(leftOutShare(firstBlockCache({ threshold: 1 }), half, 10, shape)).toBe(0.375)
  expect(
    leftOutShare(teaCache({ threshold: 1, signal: "modulated-input", coefficients: [1, 0] }), half, 10, shape),
  ).toBe(0.5)
  expect(leftOutShare(pyramidAttentionBroadcast({ every: 2 }), { calls: 36, reused: 20 }, 10, shape)).toBeCloseTo(
    6 / 28,
  )
})

it("gives the signal-to-noise ratio in decibels", () => {
  expect(psnr(Uint8Array.of(0, 0), Uint8Array.of(255, 255))).toBe(0)
  expect(psnr(Uint8Array.of(10, 10, 10, 10), Uint8Array.of(11, 9, 11, 9))).toBeCloseTo(48.13, 2)
  expect(psnr(Uint8Array.of(1), Uint8Array.of(1))).toBe(Infinity)
})
