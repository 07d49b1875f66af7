import { existsSync } from "node:fs"
import { join } from "node:path"
import { BenchError } from "../bench-error.ts"
import { formatSeconds } from "../format.ts"
import { median } from "../statistics.ts"
import { differenceOf } from "./agreement.ts"
import type { Case } from "./case.ts"
import type { Job, Repetition } from "./job.ts"
import { type CaseResult, type Measurement, type Side, sideName } from "./results.ts"
import { runSide, type SideRun, type SideSettings } from "./run-side.ts"

export interface RunSettings extends SideSettings {
  /** Processes of each side, which take turns. */
  readonly rounds: number
  readonly repetition: Repetition
  readonly log: (line: string) => void
}

/** Runs all sides of a case in turns, each time in a process of its own, and checks that they agree. */
export const runCase = async (each: Case, settings: RunSettings): Promise<CaseResult> => {
  const { scratch, rounds, repetition, threads, limitSeconds, python, log } = settings
  const work = each.prepare(scratch)
  const sides = each.sides.filter(({ library }) => library === "auteur" || python !== undefined)
  const outputs = sides.map((_, i) => join(scratch, `${each.name}-${i}.safetensors`))
  const runs: ReadonlyArray<Array<SideRun>> = sides.map(() => [])
  const stopped = new Set<Side>()
  for (let round = 0; round < rounds; round++) {
    for (const [i, side] of sides.entries()) {
      if (stopped.has(side)) continue
      const video = join(scratch, `${each.name}-${i}`)
      const output = round === 0 ? outputs[i]! : ""
      const job: Job = { ...work, ...repetition, mode: side.mode, threads, output, video }
      const run = await runSide(side, job, round === 0, settings)
      const at = `  ${sideName(side)}, round ${round + 1} of ${rounds}`
      if (run === undefined) {
        stopped.add(side)
        log(`${at}: stopped after ${limitSeconds} s`)
      } else {
        runs[i]!.push(run)
        log(`${at}: ${formatSeconds(median(run.seconds))} s`)
      }
    }
  }
  // A process that was stopped may have written half of its output.
  const finished = outputs.map((path, i) => (stopped.has(sides[i]!) || !existsSync(path) ? undefined : path))
  const errors = compareOutputs(each, sides, finished)
  return {
    name: each.name,
    title: each.title,
    measurements: sides.map((side, i): Measurement => {
      const peaks = runs[i]!.flatMap(({ peakBytes }) => peakBytes ?? [])
      return {
        ...side,
        seconds: stopped.has(side) ? [] : runs[i]!.flatMap(({ seconds }) => seconds),
        first: runs[i]!.flatMap(({ first }) => first ?? []),
        peakBytes: peaks.length === 0 ? null : Math.max(...peaks),
        error: errors[i]!,
      }
    }),
  }
}

/** The difference of each side's output to PyTorch's in float32; a {@link BenchError} where float32 sides do not agree. */
const compareOutputs = (
  { name, tolerance }: Case,
  sides: ReadonlyArray<Side>,
  outputs: ReadonlyArray<string | undefined>,
): ReadonlyArray<Measurement["error"]> => {
  const reference = outputs[sides.findIndex(({ library, mode }) => library === "pytorch" && mode === "float32")]
  return sides.map((side, i) => {
    const output = outputs[i]
    if (output === undefined || reference === undefined || output === reference) return null
    const error = differenceOf(output, reference)
    if (side.library === "auteur" && !(error.relative <= tolerance)) {
      throw new BenchError(
        `The sides of "${name}" do not do the same work: ${sideName(side)} is ${error.absolute.toPrecision(2)} off, ${(100 * error.relative).toPrecision(2)} % of the largest value.`,
      )
    }
    return error
  })
}
