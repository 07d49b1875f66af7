import { statSync } from "node:fs"
import { resolve } from "node:path"
import type { Engine } from "@auteur/engine"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type Case, findCases } from "./find-cases.ts"
import { isCase } from "./recognise.ts"
import { heading, line, type Row, rowOf, summary } from "./row.ts"
import { runCase } from "./run-case.ts"

const rowFor: (given: Case) => Effect.Effect<Row, never, Engine> = Effect.fnUntraced(function* (given) {
  const exit = yield* Effect.exit(Effect.scoped(runCase(given)))
  if (Exit.isSuccess(exit)) return rowOf(given.name, exit.value)
  const error = Cause.squash(exit.cause)
  const note = (error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, " ")
  return { name: given.name, status: "FAIL", note }
})

/** Runs every case of a folder and prints the table; the exit code is 1 when a case fails and 2 when there is none to run. */
export const runFolder: (path: string, print: (line: string) => void) => Effect.Effect<number, never, Engine> =
  Effect.fnUntraced(function* (path, print) {
    const root = resolve(path)
    if (statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true) {
      print(`There is no folder ${root}: give a folder of reference values.`)
      return 2
    }
    const cases = findCases(root)
    if (!cases.some((each) => !("folder" in each) || isCase(each.folder))) {
      print(`${root} holds no case: a folder with reference values (io.safetensors, case.json) is needed.`)
      return 2
    }
    const width = Math.max(...cases.map(({ name }) => name.length), "case".length)
    print(heading(width))
    const rows: Array<Row> = []
    for (const each of cases) {
      const row = yield* rowFor(each)
      rows.push(row)
      print(line(row, width))
    }
    print("")
    print(summary(rows))
    return rows.some(({ status }) => status === "FAIL") ? 1 : 0
  })
