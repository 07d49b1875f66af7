/** Writes the figures of bench/results/peers.json into the README and docs/performance.md: `node bench/report.ts`. */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { BenchError } from "./bench-error.ts"
import { fillMarkedPlace } from "./marked-place.ts"
import type { Results } from "./peers/results.ts"
import { fullReport, shortReport } from "./report-text.ts"
import { qualityReport } from "./samplers/report.ts"
import type { QualityResults } from "./samplers/results.ts"

const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))

const read = <A>(name: "peers" | "samplers"): A => {
  const source = path(`bench/results/${name}.json`)
  if (existsSync(source)) return JSON.parse(readFileSync(source, "utf8")) as A
  throw new BenchError(`There are no figures at ${source}: make them with \`npm run bench -- ${name}\`.`)
}

try {
  const [peers, samplers] = [read<Results>("peers"), read<QualityResults>("samplers")]
  const places = [
    ["README.md", shortReport(peers)],
    ["docs/performance.md", fullReport(peers)],
    ["docs/samplers.md", qualityReport(samplers)],
  ] as const
  for (const [name, report] of places) {
    const document = readFileSync(path(name), "utf8")
    writeFileSync(path(name), fillMarkedPlace(document, report, name))
    console.log(`${name} has its figures`)
  }
} catch (error) {
  if (!(error instanceof BenchError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
