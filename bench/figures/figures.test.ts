import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { convergence } from "./convergence.ts"
import { learnedErrors, straightPaths } from "./straight-paths.ts"

const kept = (path: string) => readFileSync(new URL(`../../docs/${path}`, import.meta.url), "utf8")

it.each([
  ["convergence.svg", convergence],
  ["straight-paths.svg", straightPaths],
])("%s is what the samplers draw today", (name, draw) => {
  expect(draw()).toBe(kept(`pictures/${name}`))
})

it("the page on samplers has the errors of the learned flows", () => {
  const [diffusion, flow] = learnedErrors()
  expect(kept("samplers.md").replaceAll(/\s+/g, " ")).toContain(`${diffusion} against ${flow} with 4 steps`)
})
