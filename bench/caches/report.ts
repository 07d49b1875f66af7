/** Writes the figures of bench/results/caches.json into docs/caching.md and its picture: `node bench/caches/report.ts`. */
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { markdownTable } from "../format.ts"
import { fillMarkedPlace } from "../marked-place.ts"
import { cacheFigure } from "./figure.ts"
import type { CacheResults } from "./results.ts"

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const results = JSON.parse(readFileSync(path("bench/results/caches.json"), "utf8")) as CacheResults

const table = markdownTable(
  ["cache", "threshold", "computed", "operations left out", "processor time", "PSNR, dB"],
  results.points.map(({ name, threshold, computed, leftOut, time, psnr }, i, all) => [
    all[i - 1]?.name === name ? "" : name,
    String(threshold),
    `${Math.round(100 * computed)} %`,
    `${Math.round(100 * leftOut)} %`,
    time.toFixed(2),
    psnr === null ? "the same" : psnr.toFixed(1),
  ]),
  1,
)
const { machine, date, commit, warning, clips, steps } = results
const origin = `${clips} clips of 17 frames of 64×64, ${steps} steps, guidance 6; ${machine.processor}, ${machine.cores} cores; ${date.slice(0, 10)}, commit ${commit}.`
const report = [table, origin, ...(warning === null ? [] : [`**${warning}**`])].join("\n\n")
const page = path("docs/caching.md")
writeFileSync(page, fillMarkedPlace(readFileSync(page, "utf8"), report, "docs/caching.md"))
writeFileSync(path("docs/pictures/caches.svg"), cacheFigure(results))
