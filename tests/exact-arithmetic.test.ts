import { describe, expect, it } from "vitest"
import { inexactArithmetic } from "./exact-arithmetic.ts"
import { workspaces } from "./source-files.ts"

const packages = workspaces.filter(({ folder }) => folder.startsWith("packages/"))

describe("every package computes only what all engines agree on", () => {
  it.each(packages)("$folder", ({ sources }) => {
    expect(sources.flatMap(inexactArithmetic)).toEqual([])
  })
})

it.each(["Math.exp(x)", "const { cos } = Math", "Math.hypot(a, b)", "x ** 5", "10000 ** x", "[1].map(Math.log2)"])(
  "%s would be found",
  (text) => {
    expect(inexactArithmetic({ path: "packages/core/src/box.ts", text })).toHaveLength(1)
  },
)

it.each(["Math.sqrt(x)", "2 ** x", "2n ** x", "64 ** 3", "x ** 2", "x ** 5n", "Math.PI", "const { fround } = Math"])(
  "%s is exact",
  (text) => {
    expect(inexactArithmetic({ path: "packages/core/src/box.ts", text })).toEqual([])
  },
)
