import { expect, it } from "vitest"
import type { CaseResult, Measurement, Results } from "./peers/results.ts"
import { changeTable, compareWithRelease, otherMachine } from "./release.ts"
import { fullReport, shortReport } from "./report-text.ts"
import { ratiosOf, resultTable } from "./results-table.ts"

const measurement = (
  library: Measurement["library"],
  mode: Measurement["mode"],
  seconds: ReadonlyArray<number>,
  peakBytes: number | null = 2 ** 30,
): Measurement => ({ library, mode, seconds, first: [], peakBytes, error: null })

const results = (measurements: ReadonlyArray<Measurement>): Results => ({
  date: "2026-01-02T03:04:05.000Z",
  commit: "abc1234",
  machine: {
    processor: "A processor",
    instructions: "avx2",
    cores: 2,
    memoryGigabytes: 16,
    system: "linux",
    node: "v26.10.0",
  },
  warning: null,
  limitSeconds: 300,
  peers: { torch: "2.13.0", diffusers: "0.42.1" },
  cases: [{ name: "block", title: "one block", measurements }],
})

const both = results([
  measurement("auteur", "float32", [2, 1, 3], 2 ** 29),
  measurement("pytorch", "float32", [6]),
  measurement("pytorch", "bfloat16", []),
  measurement("pytorch", "autocast", [4]),
])

it("sets medians and peaks against PyTorch in float32", () => {
  const each = both.cases[0] as CaseResult
  expect(ratiosOf(each.measurements[0]!, each)).toEqual({ speed: 3, memory: 0.5 })
  expect(ratiosOf(each.measurements[2]!, each)).toEqual({ speed: null, memory: null })
})

it("shows a side that was stopped with the limit", () => {
  expect(resultTable(both)).toMatch(/PyTorch bfloat16 +> 300/)
})

it("reports the faster of PyTorch's bfloat16 modes, and where the figures are from", () => {
  const report = shortReport(both)
  expect(report).toContain("| one block | 6.00 s | 2.00 s | 3.00× | 0.50× | 2.00× |")
  expect(report).toContain("torch 2.13.0 and diffusers 0.42.1; 2026-01-02, commit abc1234")
  expect(fullReport(both)).toContain("PyTorch bfloat16 autocast")
})

it("says in the report that the machine was busy", () => {
  expect(shortReport({ ...both, warning: "This machine is busy." })).toContain("**This machine is busy.**")
})

it("marks what became more than a tenth slower or larger than in the release", () => {
  const now = results([
    measurement("auteur", "float32", [1.2, 1.05], 1.2 * 2 ** 30),
    measurement("auteur", "mapped", [1.2]),
  ])
  const then = results([measurement("auteur", "float32", [1, 2]), measurement("auteur", "mapped", [1])])
  const changes = compareWithRelease(now, then)
  expect(changes.map(({ slower, larger }) => [slower, larger])).toEqual([
    [false, true],
    [true, false],
  ])
  expect(changeTable(changes)).toMatch(/16-bit mapped .* 1\.20× .* slower$/m)
})

it("leaves out what only one of the two has", () => {
  const then = results([measurement("auteur", "float32", [1])])
  expect(compareWithRelease(results([measurement("auteur", "mapped", [1])]), then)).toEqual([])
})

it("warns of figures from another kind of machine only", () => {
  const { machine } = both
  expect(otherMachine({ ...machine, node: "v27.0.0" }, machine)).toBeUndefined()
  expect(otherMachine({ ...machine, instructions: "avx512f" }, machine)).toMatch(/another machine/)
})
