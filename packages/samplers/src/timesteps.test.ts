import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { spacedTimesteps, type TimestepSpacing } from "./timesteps.ts"

const spaced = (spacing: TimestepSpacing, steps: number, offset = 0): Array<number> =>
  spacedTimesteps({ spacing, trained: 1000, steps, offset })

describe("timestep spacing", () => {
  it("starts trailing runs at the last timestep, as CogVideoX's do", () => {
    expect(spaced("trailing", 50).slice(0, 3)).toEqual([999, 979, 959])
    expect(spaced("trailing", 50).at(-1)).toBe(19)
    expect(spaced("trailing", 7)).toEqual([999, 856, 713, 570, 428, 285, 142])
  })

  it("ends leading runs at the offset", () => {
    expect(spaced("leading", 4, 1)).toEqual([751, 501, 251, 1])
  })

  it("covers both ends with linspace, and timestep 0 alone in one step", () => {
    expect(spaced("linspace", 4)).toEqual([999, 666, 333, 0])
    expect(spaced("linspace", 1)).toEqual([0])
  })

  it("gives N falling trained timesteps for every N, also where the reference adds one at -1", () => {
    expect(spaced("trailing", 61)).toHaveLength(61)
    fc.assert(
      fc.property(
        fc.constantFrom<TimestepSpacing>("leading", "trailing", "linspace"),
        fc.integer({ min: 1, max: 1000 }),
        (spacing, steps) => {
          const timesteps = spaced(spacing, steps)
          expect(timesteps).toHaveLength(steps)
          expect(timesteps.every((t, i) => t >= 0 && t < 1000 && (i === 0 || t < timesteps[i - 1]!))).toBe(true)
        },
      ),
    )
  })

  it.each([0, -1, 2.5, 1001, Number.NaN])("refuses %d steps and names the legal numbers", (steps) => {
    expect(() => spaced("trailing", steps)).toThrow(
      `The number of steps must be a whole number from 1 to 1000; it is ${steps}.`,
    )
  })

  it("refuses an offset that leaves the trained timesteps", () => {
    expect(() => spaced("leading", 1000, 1)).toThrow("steps_offset 1 start at timestep 1000, past the last one, 999")
  })
})
