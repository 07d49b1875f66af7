import { Tensor } from "@auteur/core"
import { expect, it } from "vitest"
import { type MaskMap, smoothed } from "./smooth.ts"
import { binaryMask, softMask } from "./soft-mask.ts"

const map = (frames: ReadonlyArray<ReadonlyArray<ReadonlyArray<number>>>): MaskMap =>
  Tensor.from(
    "batch frames height width",
    [1, frames.length, frames[0]!.length, frames[0]![0]!.length],
    Float32Array.from(frames.flat(2)),
  )
const sharp = { smoothing: { time: 0, space: 0 } } as const

it("takes the union of the source's and the target's words", () => {
  const source = map([[[0.9, 0.1, 0.1, 0.1]]])
  const target = map([[[0.01, 0.02, 0.01, 0.3]]])
  expect([...binaryMask({ source, target }, sharp).values()]).toEqual([1, 0, 0, 1])
})

it("leaves out what attracts the words but does not change", () => {
  const source = map([[[0.9, 0.8, 0.1, 0.1]]])
  const saliency = map([[[2, 0.01, 0.1, 0.1]]])
  expect([...binaryMask({ source, saliency }, sharp).values()]).toEqual([1, 0, 0, 0])
})

it.each([
  ["empty", [0.2, 0.2, 0.2]],
  ["empty", [0, 0, 0]],
])("refuses an %s mask and says what would happen", (word, values) => {
  expect(() => binaryMask({ source: map([[values]]) }, sharp)).toThrow(`The mask that was found is ${word}`)
})

it("refuses a mask of everything", () => {
  const [source, target] = [map([[[1, 1, 0, 0]]]), map([[[0, 0, 1, 1]]])]
  expect(() => binaryMask({ source, target }, sharp)).toThrow("the whole video")
})

it("fades by the distance within a frame", () => {
  const soft = softMask(map([[[1, 0, 0]], [[0, 0, 1]]]), { decay: 0.5 }).values()
  const expected = [1, Math.exp(-0.5), Math.exp(-1), Math.exp(-1), Math.exp(-0.5), 1]
  soft.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 6))
})

it("smooths by a Gaussian that keeps a constant map, over time and space", () => {
  const flat = map([
    [
      [2, 2],
      [2, 2],
    ],
    [
      [2, 2],
      [2, 2],
    ],
  ])
  smoothed(flat, { time: 1, space: 1 })
    .values()
    .forEach((value) => expect(value).toBeCloseTo(2, 6))
  const peak = smoothed(map([[[0, 0, 1, 0, 0]], [[0, 0, 0, 0, 0]]]), { time: 0.5, space: 1 }).values()
  expect(peak[2]).toBeGreaterThan(peak[1]!)
  expect(peak[1]).toBeGreaterThan(peak[0]!)
  expect(peak[7]).toBeGreaterThan(0)
})
