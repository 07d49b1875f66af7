import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { BenchError } from "./bench-error.ts"
import { measureCaches } from "./caches/main.ts"
import type { CacheResults } from "./caches/results.ts"
import { clips, steps } from "./caches/settings.ts"
import { estimateBench } from "./estimate/main.ts"
import { busyCores, busyWarning, describeMachine, physicalCores } from "./machine.ts"
import { bundledCases } from "./peers/bundled-cases.ts"
import type { Case } from "./peers/case.ts"
import { blockCase, blockSizes, vaeCase } from "./peers/full-size-cases.ts"
import { checkPython } from "./peers/python.ts"
import type { Results } from "./peers/results.ts"
import { runCase } from "./peers/run-case.ts"
import { changeTable, compareWithRelease, otherMachine, ownFigures } from "./release.ts"
import { resultTable } from "./results-table.ts"
import { measureQuality } from "./samplers/measure.ts"
import { startsBench } from "./starts/main.ts"

const usage = `npm run bench -- peers [options]   the same work on auteur and on diffusers, in turns
npm run bench -- self [options]    auteur against the figures of the last release
npm run bench -- estimate          estimates of five shapes against their runs
npm run bench -- starts            how much of a clip comes back from inversion and sampling, by steps
npm run bench -- samplers          effect of steps, samplers and guidance on the bundled model's clips
npm run bench -- caches            what each cache saves, and how far its videos are from those without it

  --quick           one round of few runs at small sizes, to check that it works; nothing is saved
  --only NAMES      these cases only, by the start of their names: command, warm, text, step, decode, block, vae
  --full            also one block at CogVideoX-2b's whole size, 17776 tokens: minutes for each run
  --json FILE       the file for the results; a run of all cases goes into bench/results/peers.json
  --python PATH     the interpreter with bench/peers/requirements.txt; otherwise AUTEUR_BENCH_PYTHON or python3
  --save            keep auteur's figures as those of the release, for later runs of self`

const results = (name: string): string => fileURLToPath(new URL(`results/${name}.json`, import.meta.url))
const releaseFile = results("release")

const parse = () => {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: "boolean", default: false },
        only: { type: "string" },
        full: { type: "boolean", default: false },
        json: { type: "string" },
        python: { type: "string", default: process.env["AUTEUR_BENCH_PYTHON"] ?? "python3" },
        save: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    })
  } catch (error) {
    throw new BenchError(`${(error as Error).message}\n\n${usage}`)
  }
}
type Options = ReturnType<typeof parse>["values"]

const chooseCases = ({ quick, full, only }: Options): ReadonlyArray<Case> => {
  const { small, medium, large, full: whole } = blockSizes
  const sizes = quick ? [small] : [small, medium, large, ...(full ? [whole] : [])]
  const all = [...bundledCases(quick ? 4 : 50), ...sizes.map(blockCase), quick ? vaeCase(3, 4, 6) : vaeCase(3, 24, 36)]
  if (only === undefined) return all
  const starts = only.split(",")
  const stray = starts.find((start) => !all.some(({ name }) => name.startsWith(start)))
  if (stray !== undefined) {
    throw new BenchError(`There is no case "${stray}": the cases are ${all.map(({ name }) => name).join(", ")}.`)
  }
  return all.filter(({ name }) => starts.some((start) => name.startsWith(start)))
}

const measure = async (options: Options, python: string | undefined): Promise<Results> => {
  const limitSeconds = options.quick ? 120 : 300
  const chosen = chooseCases(options)
  const peers = python === undefined ? {} : checkPython(python)
  const scratch = mkdtempSync(join(tmpdir(), "auteur-bench-"))
  process.on("exit", () => rmSync(scratch, { recursive: true, force: true }))
  process.on("SIGINT", () => process.exit(130))
  process.on("SIGTERM", () => process.exit(143))
  const settings = {
    scratch,
    rounds: options.quick ? 1 : 3,
    repetition: { atLeast: options.quick ? 1 : 3, seconds: options.quick ? 0.2 : 3, atMostSeconds: 60 },
    limitSeconds,
    threads: physicalCores(),
    python,
    log: console.error,
  }
  const cases: Array<Results["cases"][number]> = []
  let busy = 0
  for (const each of chosen) {
    const now = await busyCores()
    if (busyWarning(now) !== null) console.error(`${busyWarning(now)} Close other programs and run it again.`)
    busy = Math.max(busy, now)
    console.error(each.title)
    cases.push(await runCase(each, settings))
  }
  return {
    date: new Date().toISOString(),
    commit: currentCommit(),
    machine: describeMachine(),
    warning: busyWarning(busy),
    limitSeconds,
    peers,
    cases,
  }
}

const save = (path: string, content: object): void => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify(content, null, 2)}\n`)
  console.error(`Results are in ${path}`)
}

const refusePartial = ({ save, quick, only }: Options): void => {
  if (save && (quick || only !== undefined)) {
    throw new BenchError("Only a run of all cases at full length can be kept: leave out --quick and --only.")
  }
}

const peers = async (options: Options): Promise<void> => {
  refusePartial(options)
  const content = await measure(options, options.python)
  console.log(resultTable(content))
  console.log("\nSpeed and memory are against PyTorch in float32; the error is relative to the largest value.")
  const isWhole = !options.quick && options.only === undefined
  const path = options.json ?? (isWhole ? results("peers") : undefined)
  if (path !== undefined) save(path, content)
  if (options.save) save(releaseFile, ownFigures(content))
}

const self = async (options: Options): Promise<void> => {
  refusePartial(options)
  if (!options.save && !existsSync(releaseFile)) {
    throw new BenchError(`There are no figures of a release at ${releaseFile}: make them with --save.`)
  }
  const content = await measure(options, undefined)
  if (existsSync(releaseFile)) {
    const release = JSON.parse(readFileSync(releaseFile, "utf8")) as Results
    console.log(`Against ${release.commit} of ${release.date.slice(0, 10)}, fastest runs:`)
    console.log(changeTable(compareWithRelease(content, release)))
    const warning = otherMachine(content.machine, release.machine)
    if (warning !== undefined) console.log(warning)
  }
  if (options.json !== undefined) save(options.json, content)
  if (options.save) save(releaseFile, content)
}

const estimate = async (): Promise<void> => {
  const warning = busyWarning(await busyCores())
  if (warning !== null) console.error(warning)
  if (!(await estimateBench())) process.exitCode = 1
}

const samplers = async (): Promise<void> => save(results("samplers"), await measureQuality(console.error))

const starts = async (): Promise<void> => save(results("starts"), await startsBench())

const caches = async (): Promise<void> => {
  const before = busyWarning(await busyCores())
  const points = await measureCaches(console.error)
  const content: CacheResults = {
    date: new Date().toISOString(),
    commit: currentCommit(),
    machine: describeMachine(),
    warning: before,
    steps,
    clips: clips.length,
    points,
  }
  save(results("caches"), content)
}

const currentCommit = (): string =>
  execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" }).trim()

try {
  const { values, positionals } = parse()
  const command = { peers, self, estimate, samplers, starts, caches }[positionals[0] ?? ""]
  if (values.help) console.log(usage)
  else if (command === undefined || positionals.length > 1) throw new BenchError(usage)
  else await command(values)
} catch (error) {
  if (!(error instanceof BenchError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
