import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"

const total = join(import.meta.dirname, "../.ci/total.mjs")
const report = {
  numPassedTests: 5,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  success: true,
  testResults: [] as ReadonlyArray<object>,
}
let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "auteur-ci-total-"))
})
afterEach(() => rmSync(root, { recursive: true }))

const workspace = (folder: string, content: object | undefined): void => {
  mkdirSync(join(root, folder, ".turbo"), { recursive: true })
  writeFileSync(join(root, folder, "package.json"), JSON.stringify({ name: folder, scripts: { test: "vitest run" } }))
  if (content !== undefined) writeFileSync(join(root, folder, ".turbo/vitest.json"), JSON.stringify(content))
}

const run = (
  ...failedChecks: ReadonlyArray<string>
): { readonly lastLine: string | undefined; readonly status: number | null } => {
  const { status, stdout } = spawnSync(process.execPath, [total, root, ...failedChecks], { encoding: "utf8" })
  return { lastLine: stdout.trimEnd().split("\n").at(-1), status }
}

it("sums the reports of packages, apps, examples and tests", () => {
  for (const folder of ["packages/core", "apps/cli", "examples/sampler", "tests"]) workspace(folder, report)
  expect(run()).toEqual({ lastLine: "20 passed, 0 failed", status: 0 })
})

it("counts failed tests once, although their check failed too", () => {
  workspace("tests", {
    ...report,
    numFailedTests: 2,
    success: false,
    testResults: [
      { name: "a.test.ts", status: "failed", assertionResults: [{ status: "failed" }, { status: "failed" }] },
    ],
  })
  expect(run("tests")).toEqual({ lastLine: "5 passed, 2 failed", status: 1 })
})

it("counts a test file that could not be loaded", () => {
  const testResults = [{ name: "a.test.ts", status: "failed", assertionResults: [] }]
  workspace("tests", { ...report, success: false, testResults })
  expect(run("tests")).toEqual({ lastLine: "5 passed, 1 failed", status: 1 })
})

it("counts an error outside of every test", () => {
  workspace("tests", { ...report, success: false })
  expect(run("tests")).toEqual({ lastLine: "5 passed, 1 failed", status: 1 })
})

it("counts a workspace whose tests left no report", () => {
  workspace("packages/core", report)
  workspace("tests", undefined)
  expect(run("tests")).toEqual({ lastLine: "5 passed, 1 failed", status: 1 })
})

it("counts each check that failed", () => {
  workspace("tests", report)
  expect(run("lint", "format")).toEqual({ lastLine: "5 passed, 2 failed", status: 1 })
  expect(run("tests")).toEqual({ lastLine: "5 passed, 1 failed", status: 1 })
})
