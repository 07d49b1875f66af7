import { expect, it } from "vitest"
import { qualityReport } from "./report.ts"
import type { Quality } from "./results.ts"

const quality = (name: string, steps: number, guidance: number, psnr: ReadonlyArray<number>): Quality => ({
  name,
  steps,
  guidance,
  evaluations: steps,
  psnr,
  scene: 2,
  motion: 0,
  subject: 1,
  clipped: 0.0123,
})

const report = qualityReport({
  commit: "abc1234",
  model: "emoji-world",
  prompts: ["a fox"],
  seeds: [1, 2],
  reference: { sampler: "unipc", steps: 500, guidance: 6 },
  referencePsnr: [51.2, 48.9],
  samplers: [quality("ddim", 4, 6, [20, 30]), quality("ddim", 8, 6, [31]), quality("dpm", 4, 6, [])],
  guidances: [quality("rescaled", 15, 3, []), quality("rescaled", 15, 12, [])],
})

it("compares those that have a reference, by their mean", () => {
  expect(report).toContain("| steps | 4 | 8 |\n|---|---:|---:|\n| `ddim` | 25.0 | 31.0 |\n\n")
  expect(report).toContain("with as many is 49 dB or more")
})

it("says what all of them show, with a dash where nothing was measured", () => {
  expect(report).toContain("| `dpm` | 2 · 1 · 0 | – |")
  expect(report).toContain("in how many of 2 clips (1 prompts, 2 seeds)")
})

it("sets the guidance methods beside each other by scale", () => {
  expect(report).toContain("| guidance scale | 3 | 12 |\n|---|---:|---:|\n| `rescaled` | 2 · 1 · 0, 1.2% |")
  expect(report).toContain("commit abc1234")
})
