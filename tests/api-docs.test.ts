import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { apiPage } from "./api-docs.ts"

it("docs/api.md is what the docstrings say: `npm run api` writes it", () => {
  expect(readFileSync(new URL("../docs/api.md", import.meta.url), "utf8")).toBe(apiPage())
})
