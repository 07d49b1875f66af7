import { expect, it } from "vitest"
import { alignTable, formatMegabytes, formatRatio, formatSeconds, markdownTable } from "./format.ts"
import { median, minimum } from "./statistics.ts"

it("shows three digits of a time, and more than zero of a short one", () => {
  expect([0.00000214, 0.012345, 4.5678, 78.91, 123.4].map(formatSeconds)).toEqual([
    "0.000002",
    "0.0123",
    "4.57",
    "78.9",
    "123",
  ])
})

it("shows what was not measured as a dash", () => {
  expect([formatMegabytes(null), formatRatio(null)]).toEqual(["–", "–"])
  expect([formatMegabytes(3e6), formatRatio(0.5), formatRatio(12.34)]).toEqual(["3", "0.50×", "12.3×"])
})

it("aligns words to the left and figures to the right", () => {
  expect(alignTable(["what", "s"], [["a", "10.5"]], 1)).toBe("what     s\n────  ────\na     10.5")
  expect(markdownTable(["what", "s"], [["a", "10.5"]], 1)).toBe("| what | s |\n|---|---:|\n| a | 10.5 |")
})

it("takes the middle value, or the mean of the two in the middle", () => {
  expect(median([9, 1, 2])).toBe(2)
  expect(median([4, 1, 3, 10])).toBe(3.5)
  expect(minimum([3, 1, 2])).toBe(1)
})
