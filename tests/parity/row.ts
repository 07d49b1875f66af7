import type { CaseResult } from "./scheduler-case.ts"

/** One case of the table. */
export interface Row {
  readonly name: string
  readonly status: "pass" | "FAIL" | "not covered"
  readonly error?: number
  readonly bound?: number
  /** Why it failed. */
  readonly note?: string
}

const passes = ({ error, bound }: CaseResult): boolean => error <= bound

/** How close a result comes to its bound. */
const share = ({ error, bound }: CaseResult): number =>
  error === 0 ? 0 : Number.isNaN(error) ? Infinity : error / bound

/** The row of a case: the result that comes closest to its bound, or goes furthest beyond. */
export const rowOf = (name: string, results: ReadonlyArray<CaseResult> | undefined): Row => {
  if (results === undefined) return { name, status: "not covered" }
  const worst = results.toSorted((a, b) => share(b) - share(a))[0]
  if (worst === undefined) return { name, status: "FAIL", note: "It holds nothing to compare." }
  const { error, bound } = worst
  const failed = results.filter((result) => !passes(result))
  if (failed.length === 0) return { name, status: "pass", error, bound }
  const more = failed.length === 1 ? "" : ` and ${failed.length - 1} more`
  return { name, status: "FAIL", error, bound, note: `${worst.name}${more}` }
}

const number = (x: number | undefined): string =>
  x === undefined ? "" : x === 0 ? "0" : Number.isInteger(x) ? String(x) : x.toExponential(1)

/** A line of the table: `case · max abs error · bound · pass`, the columns aligned. */
export const line = (row: Row, width: number): string => {
  const cells = [
    row.name.padEnd(width),
    number(row.error).padStart(errorWidth),
    number(row.bound).padStart(7),
    row.status,
  ]
  return `${cells.join(" · ")}${row.note === undefined ? "" : `: ${row.note}`}`
}

const errorWidth = "max abs error".length

export const heading = (width: number): string => `${"case".padEnd(width)} · max abs error ·   bound · pass`

export const summary = (rows: ReadonlyArray<Row>): string => {
  const count = (status: Row["status"]) => rows.filter((row) => row.status === status).length
  return `${count("pass")} passed, ${count("FAIL")} failed, ${count("not covered")} not covered`
}
