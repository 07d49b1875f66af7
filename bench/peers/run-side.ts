import { existsSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { BenchError } from "../bench-error.ts"
import { auteurCommand, diffusersCommand } from "./commands.ts"
import type { Job, Timings } from "./job.ts"
import { measureProcess } from "./measure-process.ts"
import { type Side, sideName } from "./results.ts"

/** How the processes of all sides are run. */
export interface SideSettings {
  /** The folder of inputs, outputs and videos. */
  readonly scratch: string
  readonly threads: number
  /** A process that takes longer is stopped. */
  readonly limitSeconds: number
  /** The interpreter of the other side; without one only auteur is measured. */
  readonly python: string | undefined
}

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** The figures of one process of a side. */
export interface SideRun {
  readonly seconds: ReadonlyArray<number>
  /** The run, or for whole commands the process, that filled caches and is not counted. */
  readonly first: number | undefined
  readonly peakBytes: number | null
}

/** Does a job in a process of its own; undefined where that was stopped at the limit. */
export const runSide = async (
  side: Side,
  job: Job,
  isFirst: boolean,
  { scratch, threads, limitSeconds, python }: SideSettings,
): Promise<SideRun | undefined> => {
  const env = {
    OMP_NUM_THREADS: String(threads),
    MKL_NUM_THREADS: String(threads),
    HF_HUB_OFFLINE: "1",
  }
  const measure = (command: ReadonlyArray<string>) => measureProcess(command, env, limitSeconds)
  if (job.kind === "command") {
    const { command, file } = side.library === "auteur" ? auteurCommand(job) : diffusersCommand(job, python!)
    // Caches of compiled code, of files, of auteur's bundle.
    const first = isFirst ? await measure(command) : undefined
    rmSync(file, { force: true })
    const figures = await measure(command)
    if (figures === undefined) return undefined
    if (!existsSync(file)) throw new BenchError(`${sideName(side)} ended well, but wrote no ${file}.`)
    return { seconds: [figures.seconds], first: first?.seconds, peakBytes: figures.peakBytes }
  }
  const path = join(scratch, "job.json")
  writeFileSync(path, JSON.stringify(job))
  const command =
    side.library === "auteur"
      ? [process.execPath, here("auteur-side.ts"), path]
      : [python!, here("diffusers_bench.py"), path]
  const figures = await measure(command)
  if (figures === undefined) return undefined
  const { first, seconds } = JSON.parse(figures.output.trimEnd().split("\n").at(-1)!) as Timings
  return { seconds, first, peakBytes: figures.peakBytes }
}
