// Sums the totals of all test runs: `node total.mjs <root> [name of a failed check]…`.
// Plain JavaScript without dependencies: it must run on whatever Node comes with npm.
import { existsSync, readFileSync, readdirSync } from "node:fs"
import { join } from "node:path"

const [root, ...failedChecks] = process.argv.slice(2)
const readJson = (path) => JSON.parse(readFileSync(path, "utf8"))
const foldersIn = (path) => (existsSync(path) ? readdirSync(path).map((name) => join(path, name)) : [])

let passed = 0
let skipped = 0
let failed = 0
const fail = (count, why) => {
  failed += count
  console.log(`failed: ${why}`)
}

for (const folder of [
  ...foldersIn(join(root, "packages")),
  ...foldersIn(join(root, "apps")),
  ...foldersIn(join(root, "examples")),
  join(root, "tests"),
  join(root, "bench"),
]) {
  const manifest = join(folder, "package.json")
  if (!existsSync(manifest)) continue
  const { name, scripts } = readJson(manifest)
  if (scripts?.test === undefined) continue

  const path = join(folder, ".turbo", "vitest.json")
  if (!existsSync(path)) {
    fail(1, `the tests of ${name} ended without a report`)
    continue
  }
  const report = readJson(path)
  passed += report.numPassedTests
  skipped += report.numPendingTests + report.numTodoTests
  let failedHere = report.numFailedTests
  if (failedHere > 0) fail(failedHere, `${failedHere} of the tests of ${name}`)
  // A file that cannot be loaded, or whose hook throws, fails without a failed test.
  for (const file of report.testResults) {
    if (file.status !== "failed" || file.assertionResults.some(({ status }) => status === "failed")) continue
    failedHere += 1
    fail(1, file.name)
  }
  // So does an error outside of every test.
  if (!report.success && failedHere === 0) fail(1, `the test run of ${name}`)
}

for (const name of failedChecks) if (name !== "tests" || failed === 0) fail(1, name)
if (skipped > 0) console.log(`skipped: ${skipped} tests`)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
