/** Writes the figures of bench/results/peers.json into the README and docs/performance.md: `node bench/report.ts`. */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { BenchError } from "./bench-error.ts"
import { fillMarkedPlace } from "./marked-place.ts"
import type { Results } from "./peers/results.ts"
import { fullReport, shortReport } from "./report-text.ts"

const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))
const source = path("bench/results/peers.json")

try {
  if (!existsSync(source)) {
    throw new BenchError(`There are no figures at ${source}: make them with \`npm run bench -- peers\`.`)
  }
  const results = JSON.parse(readFileSync(source, "utf8")) as Results
  const places = [
    ["README.md", shortReport],
    ["docs/performance.md", fullReport],
  ] as const
  for (const [name, report] of places) {
    const document = readFileSync(path(name), "utf8")
    writeFileSync(path(name), fillMarkedPlace(document, report(results), name))
    console.log(`${name} has the figures of ${results.date.slice(0, 10)}`)
  }
} catch (error) {
  if (!(error instanceof BenchError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
